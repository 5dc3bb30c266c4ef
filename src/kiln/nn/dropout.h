#pragma once

#include "kiln/core/rng.h"
#include "kiln/core/tensor.h"

namespace kiln {

/// Dropout: each number of h is 0 with probability `share`, in [0, 1), and divided by 1 - share
/// otherwise, so that its mean stays.
Tensor dropped(const Tensor& h, double share, Rng& rng);

}  // namespace kiln
