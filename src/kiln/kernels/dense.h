#pragma once

#include "kiln/core/tensor.h"
#include "kiln/kernels/activation.h"

namespace kiln {

/// A dense layer: y = f(x W^T + b).
///
/// x [..., in], W [out, in], b [out] -> [..., out].  float32 on the CPU runs one matrix product and
/// one pass over y; backward is one pass that gives the gradient below f and its column sums, and
/// two products.  The passes give the same bits for any number of threads, and so does oneDNN's
/// product (matrix_product.h).  Anything else runs the twin.
Tensor dense(const Tensor& x, const Tensor& weight, const Tensor& bias, Activation f);

/// The same by LibTorch's operations.
Tensor dense_plain(const Tensor& x, const Tensor& weight, const Tensor& bias, Activation f);

}  // namespace kiln
