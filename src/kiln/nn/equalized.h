#pragma once

#include <cstdint>
#include <numbers>

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "kiln/core/tensor.h"

namespace kiln {

// Layers with an equalised learning rate, Karras et al. 2018, arXiv:1710.10196, section 4.1: the
// weights are draws of N(0, 1) and are multiplied by gain / sqrt(inputs of an output) whenever they
// are used, so that an optimiser that normalises its steps moves all layers alike.  Biases begin at
// 0 and stand outside of the scale.

struct EqualizedOptions {
  std::int64_t in = 1, out = 1;
  std::int64_t kernel = 1;  ///< Odd; of convolutions.
  double gain = std::numbers::sqrt2;
  bool bias = true;
};

/// [B, in, H, W] -> [B, out, H, W], zeros beyond the edges.
class EqualizedConv2dImpl : public torch::nn::Module {
 public:
  explicit EqualizedConv2dImpl(const EqualizedOptions& options);
  Tensor forward(const Tensor& x) const;

  Tensor weight, bias;  ///< [out, in, kernel, kernel]; [out], or undefined.

 private:
  std::int64_t padding_;
  double scale_;
};
TORCH_MODULE(EqualizedConv2d);

/// [B, in] -> [B, out].
class EqualizedLinearImpl : public torch::nn::Module {
 public:
  explicit EqualizedLinearImpl(const EqualizedOptions& options);
  Tensor forward(const Tensor& x) const;

  Tensor weight, bias;  ///< [out, in]; [out], or undefined.

 private:
  double scale_;
};
TORCH_MODULE(EqualizedLinear);

}  // namespace kiln
