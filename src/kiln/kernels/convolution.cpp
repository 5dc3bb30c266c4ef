#include "kiln/kernels/convolution.h"

#include <ATen/ATen.h>
#include <torch/version.h>

#include <vector>

namespace kiln {
namespace {

constexpr bool kLeavesUnwritten = TORCH_VERSION_MAJOR >= 2;
constexpr std::int64_t kWhole = 16;  // outputs that its kernel writes at once

}  // namespace

std::int64_t channels_lacking(std::int64_t channels, const Tensor& weight) {
  const bool pixelwise = weight.size(2) == 1 && weight.size(3) == 1;
  if (!kLeavesUnwritten || pixelwise || !weight.device().is_cpu() ||
      weight.scalar_type() == at::kDouble)
    return 0;
  return (kWhole - channels % kWhole) % kWhole;
}

Tensor filled_up(const Tensor& tensor, std::int64_t dimension, std::int64_t more) {
  std::vector<std::int64_t> pads(static_cast<std::size_t>(2 * (tensor.dim() - dimension)), 0);
  pads.back() = more;
  return at::constant_pad_nd(tensor, pads);
}

Tensor convolution2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                     std::int64_t stride, std::int64_t padding) {
  const auto outputs = weight.size(0);
  const bool differentiated = at::GradMode::is_enabled() && x.requires_grad();
  const auto more = differentiated ? channels_lacking(outputs, weight) : 0;
  if (more == 0) return at::conv2d(x, weight, bias, stride, padding);
  const auto added = bias.defined() ? filled_up(bias, 0, more) : bias;
  return at::conv2d(x, filled_up(weight, 0, more), added, stride, padding).narrow(1, 0, outputs);
}

}  // namespace kiln
