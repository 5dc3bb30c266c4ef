#pragma once

#include "kiln/core/tensor.h"

namespace kiln {

/// Convolution with 3 x 3 weights, stride 1 and zeros beyond the edges, by Winograd's minimal
/// filtering F(4 x 4, 3 x 3): 36 products for 16 outputs where the sums themselves take 144.
/// Lavin & Gray 2016, arXiv:1509.09308.  It rounds more than they do: outputs and gradients differ
/// by some 1e-6 of their largest.  The gradient can itself be differentiated, to any order; bits do
/// not depend on the number of threads.
///
/// float32 on the CPU, x [B, I, H, W], weight [O, I, 3, 3], bias [O] or undefined -> [B, O, H, W],
/// whose channels lie next to each other in memory (they are brought so in x).  Throws ShapeError.
Tensor winograd_conv(const Tensor& x, const Tensor& weight, const Tensor& bias = Tensor());

/// The same by LibTorch: convolution2d.
Tensor winograd_conv_twin(const Tensor& x, const Tensor& weight, const Tensor& bias = Tensor());

/// Whichever of the two is faster for these shapes, here: the twin for few channels or pixels, for
/// other types and devices, and where LibTorch hides oneDNN's product.
Tensor conv3x3(const Tensor& x, const Tensor& weight, const Tensor& bias = Tensor());

}  // namespace kiln
