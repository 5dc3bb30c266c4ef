#pragma once

#include "kiln/core/tensor.h"

namespace kiln {

/// |a_i - b_j|^2 of every pair, never below 0: a [N, J], b [M, J] of one floating type -> [N, M].
/// Both are moved to the mean of b first, so that little is lost when all lie far from the origin.
Tensor squared_distances(const Tensor& a, const Tensor& b);

}  // namespace kiln
