#include "kiln/nn/masked_network.h"

#include <torch/torch.h>

#include <algorithm>

#include "kiln/core/philox.h"

namespace kiln {
namespace {

Tensor activate(const Tensor& a, MaskedActivation activation) {
  switch (activation) {
    case MaskedActivation::sigmoid:
      return torch::sigmoid(a);
    case MaskedActivation::tanh:
      return torch::tanh(a);
    default:
      return torch::relu(a);
  }
}

DegreeMask on_device(const DegreeMask& mask, const Tensor& x) {
  return {mask.outputs.to(x.device()), mask.inputs.to(x.device()), mask.strict};
}

// counts[m] = units of degree <= m, m = 0 .. dims.
std::vector<std::int64_t> counts_upto(const Tensor& degrees, std::int64_t dims) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(dims) + 1, 0);
  const auto* values = degrees.data_ptr<std::int32_t>();
  for (std::int64_t u = 0; u < degrees.size(0); ++u) ++counts[static_cast<std::size_t>(values[u])];
  for (std::size_t m = 1; m < counts.size(); ++m) counts[m] += counts[m - 1];
  return counts;
}

}  // namespace

std::vector<std::pair<MaskedActivation, std::string_view>> enum_names(MaskedActivation) {
  return {{MaskedActivation::relu, "relu"},
          {MaskedActivation::sigmoid, "sigmoid"},
          {MaskedActivation::tanh, "tanh"}};
}

DegreeMask Degrees::hidden_mask(std::size_t layer) const {
  return {layers[layer], layers[layer - 1], false};
}

DegreeMask Degrees::output_mask() const { return {layers.front(), layers.back(), true}; }

DegreeMask Degrees::direct_mask() const { return {layers.front(), layers.front(), true}; }

Degrees draw_degrees(const std::vector<std::int64_t>& order, std::int64_t layers,
                     std::int64_t hidden, std::uint64_t key) {
  const auto dims = static_cast<std::int64_t>(order.size());
  Degrees degrees{torch::tensor(order), {torch::empty({dims}, torch::kInt32)}};
  auto* place = degrees.layers[0].data_ptr<std::int32_t>();
  for (std::int64_t i = 0; i < dims; ++i)
    place[order[static_cast<std::size_t>(i)]] = static_cast<std::int32_t>(i + 1);
  Philox philox(key);
  std::int64_t low = 1;
  const auto high = std::max<std::int64_t>(1, dims - 1);
  for (std::int64_t l = 0; l < layers; ++l) {
    const auto units = torch::empty({hidden}, torch::kInt32);
    auto* degree = units.data_ptr<std::int32_t>();
    for (std::int64_t u = 0; u < hidden; ++u)
      degree[u] = static_cast<std::int32_t>(low + static_cast<std::int64_t>(philox.below(
                                                      static_cast<std::uint64_t>(high - low + 1))));
    low = *std::min_element(degree, degree + hidden);
    degrees.layers.push_back(units);
  }
  return degrees;
}

Tensor masked_logits(const Tensor& x, const MaskedNetwork& network, const Degrees& degrees) {
  auto h = x;
  for (std::size_t l = 0; l < network.weights.size(); ++l) {
    const auto mask = on_device(degrees.hidden_mask(l + 1), x);
    h = activate(masked_linear(h, network.weights[l], network.biases[l], mask), network.activation);
  }
  auto logits = network.output_bias.expand({x.size(0), -1});
  if (network.output.defined())
    logits =
        masked_linear(h, network.output, network.output_bias, on_device(degrees.output_mask(), x));
  if (network.direct.defined())
    logits = logits + masked_linear(x, network.direct, {}, on_device(degrees.direct_mask(), x));
  return logits;
}

DegreeOrderedPass::DegreeOrderedPass(const MaskedNetwork& network, const Degrees& degrees,
                                     std::int64_t batch)
    : activation_(network.activation) {
  torch::NoGradGuard no_grad;
  const auto& bias = network.output_bias;
  const auto order = degrees.order.to(bias.device());
  sorted_ = {order};
  values_ = {torch::zeros({order.size(0), batch}, bias.options())};
  for (std::size_t l = 1; l <= network.weights.size(); ++l) {
    add_layer(network, degrees, l);
    values_.push_back(torch::empty({sorted_[l].size(0), batch}, bias.options()));
  }
  output_bias_ = bias.index_select(0, order);
  if (network.output.defined())
    output_ = network.output.index_select(0, order).index_select(1, sorted_.back());
  if (network.direct.defined())
    direct_ = network.direct.index_select(0, order).index_select(1, order);
}

void DegreeOrderedPass::add_layer(const MaskedNetwork& network, const Degrees& degrees,
                                  std::size_t layer) {
  const auto& degree = degrees.layers[layer];
  sorted_.push_back(torch::argsort(degree).to(network.output_bias.device()));
  const auto& weight = network.weights[layer - 1];
  layers_.push_back({weight.index_select(0, sorted_[layer]).index_select(1, sorted_[layer - 1]),
                     network.biases[layer - 1].index_select(0, sorted_[layer]).unsqueeze(1),
                     counts_upto(degree, degrees.order.size(0))});
}

// Place i has degree i + 1: its logit sees the units of degree <= i and the first i inputs.
Tensor DegreeOrderedPass::logit(std::int64_t place) const {
  torch::NoGradGuard no_grad;
  auto logit = output_bias_[place].expand({values_[0].size(1)}).clone();
  if (output_.defined()) {
    const auto seen = layers_.back().upto[static_cast<std::size_t>(place)];
    logit.addmv_(values_.back().slice(0, 0, seen).t(), output_[place].slice(0, 0, seen));
  }
  if (direct_.defined())
    logit.addmv_(values_[0].slice(0, 0, place).t(), direct_[place].slice(0, 0, place));
  return logit;
}

void DegreeOrderedPass::observe(std::int64_t place, const Tensor& x) {
  torch::NoGradGuard no_grad;
  values_[0][place].copy_(x);
  const auto degree = static_cast<std::size_t>(place + 1);
  auto seen = place + 1;  // units of the layer below that are complete
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const auto& [weight, bias, upto] = layers_[l];
    const auto first = upto[degree - 1], last = upto[degree];
    if (last > first) {
      const auto a =
          torch::addmm(bias.slice(0, first, last), weight.slice(0, first, last).slice(1, 0, seen),
                       values_[l].slice(0, 0, seen));
      values_[l + 1].slice(0, first, last).copy_(activate(a, activation_));
    }
    seen = last;
  }
}

}  // namespace kiln
