#include "kiln/nn/gated_resnet.h"

#include <torch/types.h>

#include "kiln/kernels/lane_ops_simd.h"
#include "kiln/nn/dropout.h"

namespace kiln {
namespace {

constexpr double kSmall = 0.1;  // deviation of what a new block adds before its gate

std::size_t size(std::int64_t value) { return static_cast<std::size_t>(value); }

}  // namespace

Tensor concat_elu(const Tensor& maps) { return torch::elu(torch::cat({maps, -maps}, 1)); }

GatedResnetImpl::GatedResnetImpl(const GatedResnetOptions& o)
    : first(register_module("first", ShiftedConv(ShiftedConvOptions{
                                         .in = 2 * o.maps, .out = o.maps, .kernel = o.kernel}))),
      second(register_module(
          "second",
          ShiftedConv(ShiftedConvOptions{
              .in = 2 * o.maps, .out = 2 * o.maps, .kernel = o.kernel, .scale = kSmall}))),
      dropout_(o.dropout) {
  if (o.side > 0)
    beside =
        register_module("beside", ShiftedConv(ShiftedConvOptions{.in = 2 * o.side, .out = o.maps}));
  if (o.given > 0) label = register_parameter("label", torch::randn({o.given, 2 * o.maps}) * 0.05);
}

Tensor GatedResnetImpl::forward(const Tensor& x, const Tensor& side, const Tensor& given,
                                Rng* dropout) {
  auto t = first(concat_elu(x));
  if (beside) t = t + beside(concat_elu(side));
  t = concat_elu(t);
  auto gates = second(dropout && dropout_ > 0 ? dropped(t, dropout_, *dropout) : t);
  if (given.defined()) gates = gates + given.matmul(label).unsqueeze(2).unsqueeze(3);
  const auto halves = gates.chunk(2, 1);
  return x + halves[0] * torch::sigmoid(halves[1]);
}

LaneGatedResnet::LaneGatedResnet(const GatedResnetImpl& block, const Tensor& given,
                                 std::int64_t width, std::int64_t lanes)
    : maps_(block.first->bias.size(0)),
      side_(block.beside ? block.beside->weight_v.size(1) / 2 : 0),
      lanes_(lanes),
      first_(block.first->lane(lanes)),
      second_(block.second->lane(lanes)),
      beside_(block.beside ? block.beside->lane(lanes) : LaneConv()),
      in_(first_.reach(), width, first_.margin(), 2 * maps_, lanes),
      middle_(first_.reach(), width, first_.margin(), 2 * maps_, lanes),
      sum_(maps_ * lanes),
      side_in_(2 * side_ * lanes),
      gates_(2 * maps_ * lanes),
      label_(given.defined() ? lane_columns(given.matmul(block.label), lanes) : LaneMemory()) {}

void LaneGatedResnet::enter(std::int64_t row, std::int64_t column, const float* x) {
  simd::lane_concat_elu(x, size(maps_ * lanes_), in_.at(row, column));
}

void LaneGatedResnet::middle(std::int64_t row, std::int64_t column, const float* side) {
  first_.run(in_, row, column, 0, sum_.data());
  if (side_ > 0) {
    simd::lane_concat_elu(side, size(side_ * lanes_), side_in_.data());
    beside_.run(side_in_.data(), 0, sum_.data(), {.start = sum_.data()});
  }
  simd::lane_concat_elu(sum_.data(), size(maps_ * lanes_), middle_.at(row, column));
}

void LaneGatedResnet::leave(std::int64_t row, std::int64_t column, const float* x, float* out) {
  second_.run(middle_, row, column, 0, gates_.data(), {.start = label_.data()});
  const float* gates = gates_.data();
  simd::lane_gate_add(x, gates, gates + maps_ * lanes_, size(maps_ * lanes_), out);
}

}  // namespace kiln
