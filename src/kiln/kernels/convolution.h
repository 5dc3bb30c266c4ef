#pragma once

#include <cstdint>

#include "kiln/core/tensor.h"

namespace kiln {

/// at::conv2d with gradients that hold.  oneDNN 3 (seen with 3.7.2, which LibTorch 2.6 calls on
/// Debian 13) leaves parts of the gradient in x unwritten where the outputs are no multiple of 16 and
/// the kernel is wider than a pixel, in float32 on the CPU: whatever the memory held before stands
/// there.  With LibTorch 2 the outputs are therefore filled up with zeros where x needs a gradient;
/// LibTorch 1.13 is called as it is.
///
/// x [B, I, H, W], weight [O, I, kh, kw], bias [O] or undefined -> [B, O, H', W'].
Tensor convolution2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                     std::int64_t stride = 1, std::int64_t padding = 0);

/// How many zeros fill up `channels` for that gradient here: 0 where it is right as it is.
std::int64_t channels_lacking(std::int64_t channels, const Tensor& weight);

/// `tensor` with `more` zeros at the end of a dimension.
Tensor filled_up(const Tensor& tensor, std::int64_t dimension, std::int64_t more);

}  // namespace kiln
