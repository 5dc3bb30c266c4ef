#include "kiln/nn/adversarial/critic_network.h"

#include <torch/nn/init.h>
#include <torch/types.h>

#include <cmath>

#include "kiln/core/check.h"
#include "kiln/nn/adversarial/minibatch_deviation.h"

namespace kiln {
namespace {

constexpr int kFirstPowerSteps = 15;

Tensor unit(const Tensor& v) { return v / (v.norm() + 1e-12); }

Tensor with_deviation(const Tensor& phi) {
  return torch::cat({phi, minibatch_deviation(phi, CriticNetwork::kGroup).unsqueeze(1)}, 1);
}

}  // namespace

std::vector<std::pair<CriticLabel, std::string_view>> enum_names(CriticLabel) {
  return {{CriticLabel::concatenation, "concatenation"}, {CriticLabel::projection, "projection"}};
}

double CriticNetwork::hidden_gain() const {
  return std::sqrt(2 / (1 + settings_.slope * settings_.slope));
}

std::int64_t CriticNetwork::concatenated() const {
  return settings_.label == CriticLabel::concatenation ? settings_.classes : 0;
}

CriticNetwork::CriticNetwork(const CriticSettings& settings)
    : settings_(settings), layers_(register_module("layers", torch::nn::ModuleList())) {}

void CriticNetwork::add_layer(at::IntArrayRef shape, double gain) {
  const auto layer = std::make_shared<CriticLayer>();
  layer->weight = layer->register_parameter("weight", torch::empty(shape));
  torch::nn::init::orthogonal_(layer->weight, gain);
  layer->bias = layer->register_parameter("bias", torch::zeros({shape[0]}));
  add_power_vectors(*layer);
  layers_->push_back(layer);
}

void CriticNetwork::add_power_vectors(CriticLayer& layer) {
  if (!settings_.spectral_norm) return;
  const auto out = layer.weight.size(0), in = layer.weight.numel() / out;
  layer.u = layer.register_buffer("u", unit(torch::randn({out})));
  layer.v = layer.register_buffer("v", unit(torch::randn({in})));
  u_.push_back(layer.u);
  v_.push_back(layer.v);
}

void CriticNetwork::add_head(std::int64_t features) {
  features_ = features;
  add_layer({1, features + (settings_.minibatch_deviation ? 1 : 0)}, 1);
  if (settings_.classes > 0 && settings_.label == CriticLabel::projection) {
    const auto vectors = register_module("embedding", std::make_shared<CriticLayer>());
    vectors->weight =
        vectors->register_parameter("weight", torch::empty({settings_.classes, features}));
    torch::nn::init::orthogonal_(vectors->weight);
    add_power_vectors(*vectors);
  }
  for (int i = 0; settings_.spectral_norm && i < kFirstPowerSteps; ++i) power_step();
}

void CriticNetwork::power_step() {
  torch::NoGradGuard no_grad;
  const auto all = parameters();
  for (std::size_t i = 0; i < u_.size(); ++i) {
    const auto weight = all[2 * i].flatten(1);
    v_[i].copy_(unit(at::mv(weight.t(), u_[i])));
    u_[i].copy_(unit(at::mv(weight, v_[i])));
  }
}

// Parameters stand as weight, bias, weight, bias ... and at last the vectors v_y alone.
Tensor CriticNetwork::used(const std::vector<Tensor>& all, std::size_t layer) const {
  const auto& weight = all[2 * layer];
  if (!settings_.spectral_norm) return weight;
  return weight / at::dot(u_[layer], at::mv(weight.flatten(1), v_[layer]));
}

std::vector<Tensor> CriticNetwork::used_weights() const {
  std::vector<Tensor> list;
  const auto all = parameters();
  for (std::size_t i = 0; 2 * i < all.size(); ++i) list.push_back(used(all, i));
  return list;
}

Tensor CriticNetwork::phi(const std::vector<Tensor>& all, const Tensor& x, const Tensor& y) const {
  KILN_ASSERT(y.defined() == (settings_.classes > 0));
  return trunk(all, concatenated() > 0 ? beside(x, y) : x);
}

Tensor CriticNetwork::head(const std::vector<Tensor>& all, const Tensor& phi,
                           const Tensor& y) const {
  const auto last = depth() - 1;
  const auto seen = settings_.minibatch_deviation ? with_deviation(phi) : phi;
  const auto a = at::linear(seen, used(all, last), all[2 * last + 1]).squeeze(1);
  if (settings_.classes == 0 || settings_.label == CriticLabel::concatenation) return a;
  return a + (at::mm(y, used(all, depth())) * phi).sum(1);
}

Tensor CriticNetwork::apply(const std::vector<Tensor>& all, const Tensor& x,
                            const Tensor& y) const {
  return head(all, phi(all, x, y), y);
}

Tensor CriticNetwork::features(const Tensor& x, const Tensor& y) const {
  return phi(parameters(), x, y);
}

Tensor CriticNetwork::output(const Tensor& features, const Tensor& y) const {
  return head(parameters(), features, y);
}

}  // namespace kiln
