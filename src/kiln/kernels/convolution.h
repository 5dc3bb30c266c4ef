#pragma once

#include <cstdint>

#include "kiln/core/tensor.h"

namespace kiln {

/// Whether LibTorch's convolutions in float32 give what float64 gives, forward and in both
/// gradients, for six layers in spoiled memory.
bool convolutions_hold();

/// The same, asked once, of LibTorch 2: where numbers of a result are left unwritten (oneDNN 3.7,
/// which LibTorch 2.6 calls on Debian 13), oneDNN is switched off for convolutions of the whole
/// process, and LibTorch multiplies matrices instead.
bool onednn_convolutions_hold();

/// at::conv2d, after that question.
///
/// x [B, I, H, W], weight [O, I, kh, kw], bias [O] or undefined -> [B, O, H', W'].
Tensor convolution2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                     std::int64_t stride = 1, std::int64_t padding = 0);

}  // namespace kiln
