#pragma once

#include <optional>

#include "kiln/check/finding.h"
#include "kiln/core/rng.h"
#include "kiln/models/model.h"

namespace kiln {

/// Of a density over more numbers than a grid can hold, does it add up to 1 where its samples lie?
/// For draws x of the sampler and any density r inside p's support, E[r(x) / p(x)] = 1: r is a
/// Gaussian fitted to the draws nearest to one of them.  Nothing where the standard error of that
/// mean is above a fifth, and for more than 64 numbers: there are too many for it.
std::optional<Finding> check_density(Likelihood& likelihood, Sampler& sampler, std::int64_t dims,
                                     Rng& rng);

}  // namespace kiln
