#include "kiln/nn/masked_network.h"

#include <torch/types.h>

#include <algorithm>

#include "kiln/core/philox.h"

namespace kiln {
namespace {

DegreeMask on_device(const DegreeMask& mask, const Tensor& x) {
  return {mask.outputs.to(x.device()), mask.inputs.to(x.device()), mask.strict};
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

Tensor masked_activation(const Tensor& a, MaskedActivation activation) {
  switch (activation) {
    case MaskedActivation::sigmoid:
      return torch::sigmoid(a);
    case MaskedActivation::tanh:
      return torch::tanh(a);
    default:
      return torch::relu(a);
  }
}

Tensor masked_logits(const Tensor& x, const MaskedNetwork& network, const Degrees& degrees) {
  auto h = x;
  for (std::size_t l = 0; l < network.weights.size(); ++l) {
    const auto mask = on_device(degrees.hidden_mask(l + 1), x);
    auto a = masked_linear(h, network.weights[l], network.biases[l], mask);
    if (l == 0 && network.shift.defined()) a = a + network.shift;
    h = masked_activation(a, network.activation);
  }
  auto logits = network.output_bias.expand({x.size(0), -1});
  if (network.weights.empty() && network.shift.defined()) logits = logits + network.shift;
  if (network.output.defined())
    logits =
        masked_linear(h, network.output, network.output_bias, on_device(degrees.output_mask(), x));
  if (network.direct.defined())
    logits = logits + masked_linear(x, network.direct, {}, on_device(degrees.direct_mask(), x));
  return logits;
}

}  // namespace kiln
