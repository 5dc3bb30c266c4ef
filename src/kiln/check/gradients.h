#pragma once

#include "kiln/check/finding.h"
#include "kiln/core/rng.h"
#include "kiln/models/model.h"

namespace kiln {

/// Is the gradient that training uses the slope of what it raises: the mean of log p(x), or the
/// objective of a model that learns by an estimate of it?  Per parameter
/// tensor, along its gradient and a random direction, against a central difference in float64.  The
/// model is float64 for a while and comes back with its bits.
Finding check_gradient(Model& model, Likelihood& likelihood, const Batch& items, Rng& rng);

}  // namespace kiln
