#include "kiln/nn/lane_network.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "kiln/core/check.h"
#include "kiln/kernels/lane_ops_simd.h"

namespace kiln {
namespace {

constexpr auto kPacked = static_cast<std::int64_t>(simd::kLaneOutputs);

// weights [taps, out, in] of the maps [first, first + count) -> [ceil(count / 8), taps in, 8].
Tensor packed(const Tensor& weights, std::int64_t first, std::int64_t count) {
  const auto blocks = (count + kPacked - 1) / kPacked;
  const auto rows = weights.narrow(1, first, count).permute({1, 0, 2}).flatten(1);
  return torch::constant_pad_nd(rows, {0, 0, 0, blocks * kPacked - count})
      .reshape({blocks, kPacked, -1})
      .transpose(1, 2)
      .contiguous();
}

LaneMemory copied(const Tensor& numbers) {
  LaneMemory memory(numbers.numel());
  const auto flat = numbers.detach().to(torch::kCPU, torch::kFloat32).contiguous();
  std::copy_n(flat.data_ptr<float>(), flat.numel(), memory.data());
  return memory;
}

}  // namespace

LaneMemory::LaneMemory(std::int64_t numbers)
    : memory_(torch::zeros({numbers}, torch::kFloat32)), data_(memory_.data_ptr<float>()) {}

LaneRows::LaneRows(std::int64_t rows, std::int64_t width, std::int64_t margin, std::int64_t maps,
                   std::int64_t lanes)
    : rows_(rows),
      width_(width),
      margin_(margin),
      size_(maps * lanes),
      memory_(rows * (width + 2 * margin) * maps * lanes) {}

LaneConv::LaneConv(const MaskedConv2dImpl& conv, std::int64_t lanes)
    : taps_(conv.taps()), inputs_(conv.weight.size(1)), lanes_(lanes) {
  pack(conv.tap_weights(), conv.bias, conv.options().out);
}

LaneConv::LaneConv(const Tensor& weights, const Tensor& bias, std::vector<Tap> taps,
                   const std::vector<std::int64_t>& groups, std::int64_t lanes)
    : taps_(std::move(taps)), inputs_(weights.size(2)), lanes_(lanes) {
  pack(weights, bias, groups);
}

void LaneConv::pack(const Tensor& weights, const Tensor& bias,
                    const std::vector<std::int64_t>& groups) {
  torch::NoGradGuard no_grad;
  for (std::size_t first = 0, last = 0; first < groups.size(); first = last) {
    while (last < groups.size() && groups[last] == groups[first]) ++last;
    const auto from = static_cast<std::int64_t>(first);
    const auto count = static_cast<std::int64_t>(last - first);
    const auto beyond = (count + kPacked - 1) / kPacked * kPacked - count;
    parts_.push_back({groups[first], from, count, copied(packed(weights, from, count)),
                      bias.defined()
                          ? copied(torch::constant_pad_nd(bias.narrow(0, from, count), {0, beyond}))
                          : LaneMemory()});
  }
}

void LaneConv::run(const std::vector<const float*>& taps, std::int64_t channel, float* out,
                   const LaneSum& sum) const {
  for (const auto& part : parts_) {
    if (part.channel != channel) continue;
    const auto offset = part.first * lanes_;
    simd::lane_product({.outputs = static_cast<std::size_t>(part.count),
                        .inputs = static_cast<std::size_t>(inputs_),
                        .taps = taps.size(),
                        .in = taps.data(),
                        .weights = part.weights.data(),
                        .bias = part.bias.data(),
                        .start = sum.start ? sum.start + offset : nullptr,
                        .relu = sum.relu},
                       static_cast<std::size_t>(lanes_), out + offset);
  }
}

void LaneConv::run(const LaneRows& in, std::int64_t row, std::int64_t column, std::int64_t channel,
                   float* out, const LaneSum& sum) const {
  std::vector<const float*> taps;
  taps.reserve(taps_.size());
  for (const auto& [down, right] : taps_) taps.push_back(in.at(row + down, column + right));
  run(taps, channel, out, sum);
}

void LaneConv::run(const float* in, std::int64_t channel, float* out, const LaneSum& sum) const {
  KILN_ASSERT(taps_.size() == 1);
  run(std::vector<const float*>{in}, channel, out, sum);
}

std::int64_t LaneConv::reach() const {
  std::int64_t rows = 1;
  for (const auto& tap : taps_) rows = std::max(rows, 1 - tap.down);
  return rows;
}

std::int64_t LaneConv::margin() const {
  std::int64_t columns = 0;
  for (const auto& tap : taps_) columns = std::max(columns, std::abs(tap.right));
  return columns;
}

LaneMemory lane_columns(const Tensor& numbers, std::int64_t lanes) {
  torch::NoGradGuard no_grad;
  const auto rows = numbers.dim() == 1 ? numbers.unsqueeze(0).expand({lanes, -1}) : numbers;
  return copied(torch::constant_pad_nd(rows.t(), {0, lanes - rows.size(0)}));
}

MapRange maps_of(const std::vector<std::int64_t>& groups, std::int64_t channel) {
  const auto first = std::lower_bound(groups.begin(), groups.end(), channel);
  const auto last = std::upper_bound(first, groups.end(), channel);
  return {first - groups.begin(), last - first};
}

}  // namespace kiln
