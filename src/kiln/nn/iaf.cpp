#include "kiln/nn/iaf.h"

#include <torch/nn/modules/linear.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <numeric>

namespace kiln {
namespace {

constexpr double kFirstGate = 1.5;
constexpr std::uint64_t kDegreeKey = 0x1afULL;

Degrees degrees_of(std::int64_t latent, std::int64_t hidden, bool reversed) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(latent));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  if (reversed) std::reverse(order.begin(), order.end());
  auto degrees = draw_degrees(order, 1, hidden, kDegreeKey);
  degrees.layers[1].slice(0, 0, hidden, latent).fill_(0);  // these see no number of z
  return degrees;
}

Tensor masked(const Tensor& x, const torch::nn::Linear& layer, const DegreeMask& mask) {
  const DegreeMask here{mask.outputs.to(x.device()), mask.inputs.to(x.device()), mask.strict};
  return masked_linear(x, layer->weight, layer->bias, here);
}

}  // namespace

IafStepImpl::IafStepImpl(std::int64_t latent, std::int64_t hidden, bool reversed)
    : degrees_(degrees_of(latent, hidden, reversed)),
      input_(register_module("input", torch::nn::Linear(latent, hidden))),
      mean_(register_module("mean", torch::nn::Linear(hidden, latent))),
      gate_(register_module("gate", torch::nn::Linear(hidden, latent))) {
  torch::NoGradGuard no_grad;
  gate_->bias.fill_(kFirstGate);
}

FlowResult IafStepImpl::forward(const Tensor& z, const Tensor& context) {
  const auto rows = z.reshape({-1, z.size(-1)});
  const auto seen = masked(rows, input_, degrees_.hidden_mask(1));
  auto shape = z.sizes().vec();
  shape.back() = context.size(-1);
  const auto h = torch::relu(seen.view(shape) + context).view({rows.size(0), -1});
  const auto mean = masked(h, mean_, degrees_.output_mask()).view_as(z);
  const auto gate = masked(h, gate_, degrees_.output_mask()).view_as(z);
  return {torch::lerp(mean, z, torch::sigmoid(gate)), torch::log_sigmoid(gate).sum(-1)};
}

}  // namespace kiln
