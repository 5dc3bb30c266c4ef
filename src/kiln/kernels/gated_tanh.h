#pragma once

#include "kiln/core/tensor.h"

namespace kiln {

/// The gated unit of arXiv:1606.05328, eq. (2): tanh(a) sigmoid(b), where a is the first and b the
/// second half of the maps [B, 2F, ...] -> [B, F, ...].  float32 on the CPU runs one pass of vector
/// code each way, whose bits do not depend on the number of threads, and has no second
/// derivatives; anything else runs the twin.
Tensor gated_tanh(const Tensor& maps);

/// The same by LibTorch's operations.
Tensor gated_tanh_twin(const Tensor& maps);

}  // namespace kiln
