#include "kiln/nn/equalized.h"

#include <ATen/ATen.h>
#include <torch/types.h>

#include <cmath>

#include "kiln/kernels/convolution.h"
#include "kiln/kernels/winograd.h"

namespace kiln {
namespace {

double scale_of(const EqualizedOptions& o) {
  return o.gain / std::sqrt(static_cast<double>(o.in * o.kernel * o.kernel));
}

}  // namespace

EqualizedConv2dImpl::EqualizedConv2dImpl(const EqualizedOptions& o)
    : weight(register_parameter("weight", torch::randn({o.out, o.in, o.kernel, o.kernel}))),
      bias(o.bias ? register_parameter("bias", torch::zeros({o.out})) : Tensor()),
      padding_(o.kernel / 2),
      scale_(scale_of(o)) {}

Tensor EqualizedConv2dImpl::forward(const Tensor& x) const {
  const auto scaled = weight * scale_;
  return padding_ == 1 ? conv3x3(x, scaled, bias)
                       : convolution2d(x, scaled, bias, /*stride=*/1, padding_);
}

EqualizedLinearImpl::EqualizedLinearImpl(const EqualizedOptions& o)
    : weight(register_parameter("weight", torch::randn({o.out, o.in}))),
      bias(o.bias ? register_parameter("bias", torch::zeros({o.out})) : Tensor()),
      scale_(scale_of(o)) {}

Tensor EqualizedLinearImpl::forward(const Tensor& x) const {
  return at::linear(x, weight * scale_, bias);
}

}  // namespace kiln
