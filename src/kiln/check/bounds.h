#pragma once

#include "kiln/check/finding.h"
#include "kiln/core/rng.h"
#include "kiln/models/model.h"

namespace kiln {

/// elbo <= iwae with 4 draws <= iwae with 32 (<= log p(x) where it is known), in the mean over the
/// items: a step down of more than four standard errors is one too many.
Finding check_bounds(Model& model, Bound& bound, const Batch& items, Rng& rng);

}  // namespace kiln
