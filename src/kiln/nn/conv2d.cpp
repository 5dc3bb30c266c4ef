#include "kiln/nn/conv2d.h"

#include <torch/nn/init.h>

#include <cmath>

#include "kiln/core/check.h"
#include "kiln/kernels/convolution.h"

namespace kiln {

Conv2dImpl::Conv2dImpl(const Conv2dOptions& options) : options_(options) {
  check_positive("conv2d", "in", options.in);
  check_positive("conv2d", "out", options.out);
  check_positive("conv2d", "kernel", options.kernel);
  check_positive("conv2d", "stride", options.stride);
  reset();
}

void Conv2dImpl::reset() {
  const auto& o = options_;
  weight = register_parameter("weight", torch::empty({o.out, o.in, o.kernel, o.kernel}));
  torch::nn::init::kaiming_uniform_(weight, std::sqrt(5.0));
  if (!o.bias) return;
  const auto bound = 1 / std::sqrt(static_cast<double>(o.in * o.kernel * o.kernel));
  bias = register_parameter("bias", torch::empty({o.out}));
  torch::nn::init::uniform_(bias, -bound, bound);
}

Tensor Conv2dImpl::forward(const Tensor& x) {
  check_shape("conv2d", "x", x, {kAny, options_.in, kAny, kAny});
  return convolution2d(x, weight, bias, options_.stride, options_.padding);
}

}  // namespace kiln
