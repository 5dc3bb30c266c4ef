#pragma once

#include <cstdint>

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include "kiln/core/tensor.h"

namespace kiln {

/// Transposed ("fractionally strided") convolution, computed as what it is: the gradient of the
/// mirrored convolution.  Dumoulin & Visin 2016, arXiv:1603.07285, section 4.
///
/// LibTorch's own conv_transpose2d is never called: LibTorch 1.13 takes a slow path on CPUs, and in
/// bfloat16 it silently computes an ordinary convolution; 2.6 is slower for one to three output
/// channels.  Gradients that nobody asked for are
/// not computed; the gradient can itself be differentiated, to any order.
///
/// Shapes: x [B, I, h, w], weight [I, O, kh, kw] (PyTorch's layout) -> [B, O, H, W] with
/// H = (h - 1) stride - 2 padding + kh + output_padding.  Throws ShapeError unless they agree and
/// H, W > 0.
Tensor transposed_conv2d(const Tensor& x, const Tensor& weight, std::int64_t stride,
                         std::int64_t padding = 0, std::int64_t output_padding = 0);

struct TransposedConv2dOptions {
  std::int64_t in, out, kernel;
  std::int64_t stride = 1, padding = 0;
  std::int64_t output_padding = 0;  ///< Extra rows and columns at the end; less than stride.
  bool bias = true;
};

/// PyTorch's ConvTranspose2d (same parameter names, layouts and initial law), without dilation.
class TransposedConv2dImpl : public torch::nn::Cloneable<TransposedConv2dImpl> {
 public:
  explicit TransposedConv2dImpl(const TransposedConv2dOptions& options);

  void reset() override;
  Tensor forward(const Tensor& x);  ///< x [B, in, h, w] -> [B, out, H, W].

  Tensor weight;  ///< [in, out, kernel, kernel].
  Tensor bias;    ///< [out], or undefined.

 private:
  TransposedConv2dOptions options_;
};
TORCH_MODULE(TransposedConv2d);

}  // namespace kiln
