#include "kiln/nn/shifted_conv.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <vector>

#include "kiln/kernels/convolution.h"
#include "kiln/nn/transposed_conv.h"

namespace kiln {
namespace {

constexpr double kFirstDeviation = 0.05;  // of v; only its direction counts
constexpr double kLeastDeviation = 1e-3;  // of outputs; below it there is nothing to normalise

std::vector<std::int64_t> sizes_of(const ShiftedConvOptions& o) {
  if (o.transposed) return {o.in, o.out, o.kernel.rows, o.kernel.columns};
  return {o.out, o.in, o.kernel.rows, o.kernel.columns};
}

// [out] -> shaped so that it multiplies the weights of each output.
Tensor by_output(const Tensor& t, bool transposed) {
  return transposed ? t.reshape({1, -1, 1, 1}) : t.reshape({-1, 1, 1, 1});
}

}  // namespace

ShiftedConvImpl::ShiftedConvImpl(const ShiftedConvOptions& o)
    : weight_v(register_parameter("weight_v", torch::randn(sizes_of(o)) * kFirstDeviation)),
      weight_g(register_parameter("weight_g", torch::ones({o.out}))),
      bias(register_parameter("bias", torch::zeros({o.out}))),
      options_(o) {}

Tensor ShiftedConvImpl::effective_weight() const {
  const std::vector<std::int64_t> others =
      options_.transposed ? std::vector<std::int64_t>{0, 2, 3} : std::vector<std::int64_t>{1, 2, 3};
  const auto length = weight_v.square().sum(others, true).sqrt();
  return weight_v * (by_output(weight_g, options_.transposed) / length);
}

// Padding, or cropping where it is negative, puts the kernel's first number where it belongs.
Tensor ShiftedConvImpl::convolved(const Tensor& maps, const Tensor& weight,
                                  const Tensor& added) const {
  const auto& k = options_.kernel;
  if (options_.transposed) {
    const auto whole = transposed_conv2d(maps, weight, options_.stride);
    const auto own = whole.narrow(2, -k.down, options_.stride * maps.size(2))
                         .narrow(3, -k.right, options_.stride * maps.size(3));
    return added.defined() ? own + added.reshape({1, -1, 1, 1}) : own;
  }
  const auto padded = torch::constant_pad_nd(
      maps, {-k.right, k.columns - 1 + k.right, -k.down, k.rows - 1 + k.down});
  return convolution2d(padded, weight, added, options_.stride);
}

Tensor ShiftedConvImpl::forward(const Tensor& maps) {
  if (starting_) {
    torch::NoGradGuard no_grad;
    weight_g.fill_(1);
    const auto plain = convolved(maps, effective_weight(), {}).transpose(0, 1).flatten(1);
    const auto deviation = plain.std(1, false);
    weight_g.copy_(options_.scale / torch::where(deviation.gt(kLeastDeviation), deviation,
                                                 torch::ones_like(deviation)));
    bias.copy_(-plain.mean(1) * weight_g);
  }
  return convolved(maps, effective_weight(), bias);
}

LaneConv ShiftedConvImpl::lane(std::int64_t lanes) const {
  const auto weight = effective_weight();
  std::vector<Tap> taps;
  std::vector<Tensor> weights;
  for (std::int64_t i = 0; i < options_.kernel.rows; ++i)
    for (std::int64_t j = 0; j < options_.kernel.columns; ++j) {
      taps.push_back({options_.kernel.down + i, options_.kernel.right + j});
      weights.push_back(weight.select(2, i).select(2, j));
    }
  return LaneConv(torch::stack(weights), bias, taps,
                  std::vector<std::int64_t>(static_cast<std::size_t>(options_.out), 0), lanes);
}

// out(r, c) = sum of in(R, C) W[r - 2R - down, c - 2C - right] over R and C.
LaneConv ShiftedConvImpl::lane_at(std::int64_t row, std::int64_t column, std::int64_t lanes) const {
  const auto weight = effective_weight();
  std::vector<Tap> taps;
  std::vector<Tensor> weights;
  for (std::int64_t i = 0; i < options_.kernel.rows; ++i)
    for (std::int64_t j = 0; j < options_.kernel.columns; ++j) {
      const auto down = row - options_.kernel.down - i, right = column - options_.kernel.right - j;
      if (down % 2 != 0 || right % 2 != 0) continue;
      taps.push_back({down / 2, right / 2});
      weights.push_back(weight.select(2, i).select(2, j).t());
    }
  return LaneConv(torch::stack(weights), bias, taps,
                  std::vector<std::int64_t>(static_cast<std::size_t>(options_.out), 0), lanes);
}

}  // namespace kiln
