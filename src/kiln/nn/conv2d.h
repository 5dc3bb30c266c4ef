#pragma once

#include <cstdint>

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include "kiln/core/tensor.h"

namespace kiln {

struct Conv2dOptions {
  std::int64_t in, out, kernel;
  std::int64_t stride = 1, padding = 0;
  bool bias = true;
};

/// PyTorch's Conv2d (same parameter names, layouts and initial law) by convolution2d.
class Conv2dImpl : public torch::nn::Cloneable<Conv2dImpl> {
 public:
  explicit Conv2dImpl(const Conv2dOptions& options);

  void reset() override;
  Tensor forward(const Tensor& x);  ///< x [B, in, H, W] -> [B, out, H', W'].

  Tensor weight;  ///< [out, in, kernel, kernel].
  Tensor bias;    ///< [out], or undefined.

 private:
  Conv2dOptions options_;
};
TORCH_MODULE(Conv2d);

}  // namespace kiln
