#pragma once

#include "kiln/check/finding.h"
#include "kiln/core/rng.h"
#include "kiln/models/model.h"

namespace kiln {

/// Does the cached sampler draw what the naive one draws from the same uniform numbers?  Each step
/// of the naive one gets the cached one's earlier numbers and rubbish for the later ones.
Finding check_cached_sampler(Autoregressive& model, const ValueSet& values, const Batch& items,
                             Rng& rng);

/// Do the draws follow the likelihood?  The probability integral transform of drawn numbers, by the
/// model's own conditionals, must be uniform: Kolmogorov-Smirnov per number and for all of them, at
/// a level of 1e-6 in all.  The items x [N, D] place the grid for real values.
Finding check_sampler_law(Autoregressive& model, const ValueSet& values, const Batch& items,
                          Rng& rng);

}  // namespace kiln
