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

/// Whether LibTorch brings oneDNN's product as a shared library here.
bool has_product_of_onednn();

/// C = A B, or C + A B, of row-major matrices.
struct RowMajorProduct {
  const float* a;  ///< [rows, inner], or [inner, rows] where transposed.
  const float* b;  ///< [inner, columns].
  float* c;        ///< [rows, columns].
  std::int64_t rows, columns, inner;
  bool a_transposed = false, add = false;
};

/// By oneDNN's product, which must be here, in the calling thread alone.
void product_in_this_thread(const RowMajorProduct& product);

}  // namespace kiln
