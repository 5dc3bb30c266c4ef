#include "kiln/nn/masked_conv.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "kiln/core/check.h"
#include "kiln/kernels/convolution.h"

namespace kiln {

std::vector<std::int64_t> channel_groups(std::int64_t maps, std::int64_t channels) {
  std::vector<std::int64_t> groups;
  for (std::int64_t c = 0; c < channels; ++c)
    groups.insert(groups.end(),
                  static_cast<std::size_t>(maps / channels + (c < maps % channels ? 1 : 0)), c);
  return groups;
}

std::vector<std::int64_t> repeated(const std::vector<std::int64_t>& groups, std::int64_t times) {
  std::vector<std::int64_t> all;
  for (std::int64_t n = 0; n < times; ++n) all.insert(all.end(), groups.begin(), groups.end());
  return all;
}

MaskedConv2dImpl::MaskedConv2dImpl(const MaskedConvOptions& o) : options_(o), mask_(make_mask()) {
  const double inputs = mask_[-1].sum().item<double>();  // of the last channel: the most
  const double share = 1 / std::sqrt(std::max(inputs, 1.0));
  weight = register_parameter("weight", torch::randn(mask_.sizes()) * o.gain * share * mask_);
  if (o.bias) bias = register_parameter("bias", (torch::rand({mask_.size(0)}) * 2 - 1) * share);
}

std::int64_t MaskedConv2dImpl::own_row() const {
  return options_.mask == ConvMask::rows ? options_.rows - 1 : options_.rows / 2;
}

std::int64_t MaskedConv2dImpl::own_column() const {
  return options_.to_the_left ? options_.columns - 1 : options_.columns / 2;
}

// Where the kernel covers the output's own pixel, the channels decide; taps beyond it are
// forbidden.
Tensor MaskedConv2dImpl::make_mask() const {
  const auto in = torch::tensor(options_.in), out = torch::tensor(options_.out);
  auto mask = torch::ones({out.size(0), in.size(0), options_.rows, options_.columns});
  if (options_.mask == ConvMask::rows) return mask;
  mask.slice(2, own_row() + 1).zero_();
  mask.select(2, own_row()).slice(2, own_column()).zero_();
  const auto allowed = options_.mask == ConvMask::a ? in.unsqueeze(0) < out.unsqueeze(1)
                                                    : in.unsqueeze(0) <= out.unsqueeze(1);
  mask.select(2, own_row()).select(2, own_column()).copy_(allowed);
  return mask;
}

Tensor MaskedConv2dImpl::masked_weight() const {
  return options_.mask == ConvMask::rows ? weight : weight * mask_.to(weight.options());
}

Tensor MaskedConv2dImpl::forward(const Tensor& maps) {
  if (options_.rows == 1 && options_.columns == 1)
    return convolution2d(maps, masked_weight(), bias);
  const auto row = own_row(), column = own_column();
  auto kernel = masked_weight().slice(2, 0, row + 1);
  if (options_.rows == 1) kernel = kernel.slice(3, 0, column + 1);
  const auto right = kernel.size(3) - 1 - column;
  if (!options_.wrap)
    return convolution2d(torch::constant_pad_nd(maps, {column, right, row, 0}), kernel, bias);
  const auto ends = torch::constant_pad_nd(maps, {0, 0, 1, -1}).slice(3, -column);
  const auto left = torch::cat({ends, maps}, 3);
  return convolution2d(torch::constant_pad_nd(left, {column - ends.size(3), right, row, 0}), kernel,
                       bias);
}

std::vector<Tap> MaskedConv2dImpl::taps() const {
  std::vector<Tap> list;
  for (std::int64_t r = 0; r < options_.rows; ++r)
    for (std::int64_t c = 0; c < options_.columns; ++c)
      if (mask_.select(2, r).select(2, c).any().item<bool>())
        list.push_back({r - own_row(), c - own_column()});
  return list;
}

Tensor MaskedConv2dImpl::tap_weights() const {
  const auto allowed = masked_weight();
  std::vector<Tensor> list;
  for (const auto& [down, right] : taps())
    list.push_back(allowed.select(2, down + own_row()).select(2, right + own_column()));
  return list.empty() ? torch::zeros({0, weight.size(0), weight.size(1)}, weight.options())
                      : torch::stack(list);
}

}  // namespace kiln
