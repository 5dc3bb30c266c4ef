#pragma once

#include "kiln/core/tensor.h"

namespace kiln {

/// C = A B in float32 on the CPU, by oneDNN's product where LibTorch brings it as a shared library
/// (faster than OpenBLAS's at a batch's sizes), by LibTorch's otherwise, or where the
/// environment has KILN_NO_ONEDNN.  With oneDNN the bits do not depend on the number of threads: C
/// is cut into blocks by its size alone.
///
/// A [M, K] and B [K, N] are contiguous, or transposes of contiguous matrices -> C [M, N].
Tensor matrix_product(const Tensor& a, const Tensor& b);

}  // namespace kiln
