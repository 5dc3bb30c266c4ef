#include "kiln/nn/adversarial/dense_critic.h"

#include <fmt/format.h>
#include <torch/nn/init.h>
#include <torch/types.h>

#include <cmath>

#include "kiln/core/check.h"

namespace kiln {
namespace {

constexpr int kFirstPowerSteps = 15;

Tensor unit(const Tensor& v) { return v / (v.norm() + 1e-12); }

}  // namespace

DenseCritic::DenseCritic(const DenseCriticOptions& o) : options_(o) {
  for (std::int64_t i = 0; i <= o.layers; ++i) {
    const auto in = i == 0 ? o.inputs : o.hidden, out = i == o.layers ? 1 : o.hidden;
    const auto weight = register_parameter(fmt::format("weight{}", i), torch::empty({out, in}));
    torch::nn::init::orthogonal_(weight,
                                 i == o.layers ? 1 : std::sqrt(2 / (1 + o.slope * o.slope)));
    register_parameter(fmt::format("bias{}", i), torch::zeros({out}));
    if (!o.spectral_norm) continue;
    u_.push_back(register_buffer(fmt::format("u{}", i), unit(torch::randn({out}))));
    v_.push_back(register_buffer(fmt::format("v{}", i), unit(torch::randn({in}))));
  }
  for (int i = 0; o.spectral_norm && i < kFirstPowerSteps; ++i) power_step();
}

void DenseCritic::power_step() {
  torch::NoGradGuard no_grad;
  const auto all = parameters();
  for (std::size_t i = 0; i < u_.size(); ++i) {
    v_[i].copy_(unit(at::mv(all[2 * i].t(), u_[i])));
    u_[i].copy_(unit(at::mv(all[2 * i], v_[i])));
  }
}

Tensor DenseCritic::used(const Tensor& weight, std::size_t layer) const {
  if (!options_.spectral_norm) return weight;
  return weight / at::dot(u_[layer], at::mv(weight, v_[layer]));
}

std::vector<Tensor> DenseCritic::used_weights() const {
  std::vector<Tensor> list;
  const auto all = parameters();
  for (std::size_t i = 0; i < all.size(); i += 2) list.push_back(used(all[i], i / 2));
  return list;
}

Tensor DenseCritic::apply(const std::vector<Tensor>& all, const Tensor& x) const {
  KILN_ASSERT(all.size() == 2 * static_cast<std::size_t>(options_.layers + 1));
  auto h = x.flatten(1);
  for (std::size_t i = 0; 2 * i < all.size(); ++i) {
    h = at::linear(h, used(all[2 * i], i), all[2 * i + 1]);
    if (2 * i + 2 < all.size()) h = at::leaky_relu(h, options_.slope);
  }
  return h.squeeze(1);
}

}  // namespace kiln
