#include "kiln/prob/diag_normal.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>

namespace kiln {
namespace {

const double kLog2Pi = std::log(2 * std::numbers::pi);

}  // namespace

Tensor DiagNormal::at_noise(const Tensor& noise) const {
  return mean + torch::exp(0.5 * log_var) * noise;
}

Tensor DiagNormal::rsample(Rng& rng) const {
  const auto shape = at::infer_size(mean.sizes(), log_var.sizes());
  return at_noise(rng.normal(shape).to(mean.options()));
}

// -1/2 sum_j [(x - m)^2 / s^2 + ln s^2 + ln 2 pi]
Tensor DiagNormal::log_prob(const Tensor& x) const {
  const auto squares = (x - mean).pow(2) * torch::exp(-log_var);
  return -0.5 * (squares + log_var + kLog2Pi).sum(-1);
}

// (x - m) / s is the noise, so that neither m nor a division enters.
Tensor DiagNormal::log_prob_at_noise(const Tensor& noise) const {
  return -0.5 * ((noise.pow(2) + kLog2Pi).sum(-1) + log_var.sum(-1));
}

// -1/2 [1 + ln s^2 - m^2 - s^2]
Tensor DiagNormal::kl_to_standard_each() const {
  return -0.5 * (1 + log_var - mean.pow(2) - torch::exp(log_var));
}

Tensor DiagNormal::kl_to_standard() const { return kl_to_standard_each().sum(-1); }

// 1/2 sum_j [(s^2 + (m - n)^2) / t^2 - 1 - ln s^2 / t^2] for N(m, s^2) and N(n, t^2)
Tensor DiagNormal::kl_to(const DiagNormal& other) const {
  const auto log_ratio = log_var - other.log_var;
  const auto squares = (mean - other.mean).pow(2) * torch::exp(-other.log_var);
  return 0.5 * (torch::exp(log_ratio) + squares - 1 - log_ratio).sum(-1);
}

// s^2 = 1 / (a^-2 + b^-2) = b^2 sigmoid(ln a^2 - ln b^2), so that no precision overflows;
// m = w m_a + (1 - w) m_b with w = a^-2 s^2 = sigmoid(ln b^2 - ln a^2).
DiagNormal product(const DiagNormal& a, const DiagNormal& b) {
  const auto log_ratio = a.log_var - b.log_var;
  const auto weight = torch::sigmoid(-log_ratio);
  return {b.mean + weight * (a.mean - b.mean), b.log_var + at::log_sigmoid(log_ratio)};
}

Tensor standard_normal_log_prob(const Tensor& x) { return -0.5 * (x.pow(2) + kLog2Pi).sum(-1); }

}  // namespace kiln
