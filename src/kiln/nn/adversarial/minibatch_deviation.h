#pragma once

#include "kiln/core/tensor.h"

namespace kiln {

/// Minibatch deviation, Karras et al. 2018, arXiv:1710.10196, section 3: how much the items of a
/// group of neighbours differ, sqrt(variance + 1e-8) of each number among the group, averaged over
/// the numbers.  [B, ...] -> [B]; the items of a group have the same.  Throws ShapeError unless B
/// is a multiple of the group.
Tensor minibatch_deviation(const Tensor& x, std::int64_t group);

}  // namespace kiln
