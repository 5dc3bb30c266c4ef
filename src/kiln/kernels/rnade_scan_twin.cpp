#include "kiln/kernels/rnade_scan_twin.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <numbers>

namespace kiln {
namespace {

Tensor activate(const Tensor& psi, RnadeActivation activation) {
  return activation == RnadeActivation::relu ? torch::relu(psi) : torch::sigmoid(psi);
}

// One step's heads [B, 3K] from its a [B, H].
Tensor heads_of(const Tensor& a, std::int64_t d, const RnadeTensors& rnade, const RnadeLaw& law) {
  return torch::addmm(rnade.b[d], activate(rnade.rho[d] * a, law.activation), rnade.V[d]);
}

// Quantile of the standard component; `share` in [0, 1), kept off the ends by half a step of a
// float32 uniform.
Tensor quantile(const Tensor& share, MixtureComponent component) {
  const auto centred = 2 * share.clamp(0x1p-25, 1 - 0x1p-25) - 1;
  if (component == MixtureComponent::gaussian) return torch::erfinv(centred) * std::numbers::sqrt2;
  return -centred.sign() * torch::log1p(-centred.abs());
}

}  // namespace

std::vector<std::pair<MixtureComponent, std::string_view>> enum_names(MixtureComponent) {
  return {{MixtureComponent::gaussian, "gaussian"}, {MixtureComponent::laplace, "laplace"}};
}

std::vector<std::pair<RnadeActivation, std::string_view>> enum_names(RnadeActivation) {
  return {{RnadeActivation::relu, "relu"}, {RnadeActivation::sigmoid, "sigmoid"}};
}

// a_1 = c;  a_{i+1} = a_i + x_d W_d;  h_i = f(rho_d a_i);  heads_d = V_d^T h_i + b_d,  d =
// order[i].
Tensor rnade_heads_cumsum(const Tensor& x, const RnadeTensors& rnade, const RnadeLaw& law) {
  const auto order = rnade.order.to(x.device());
  const auto terms = x.index_select(1, order).unsqueeze(-1) * rnade.W.index_select(0, order);
  const auto later = torch::cumsum(terms.slice(1, 0, -1), 1);
  const auto a = torch::cat({torch::zeros_like(terms.slice(1, 0, 1)), later}, 1) + rnade.c;
  const auto psi = rnade.rho.index_select(0, order).unsqueeze(-1) * a;
  const auto h = activate(psi, law.activation).index_select(1, torch::argsort(order));
  return torch::bmm(h.transpose(0, 1), rnade.V).transpose(0, 1) + rnade.b;
}

Tensor rnade_heads_loop(const Tensor& x, const RnadeTensors& rnade, const RnadeLaw& law) {
  const auto order = rnade.order.to(torch::kCPU);
  const auto* visited = order.data_ptr<std::int64_t>();
  auto a = rnade.c.expand({x.size(0), -1});
  std::vector<Tensor> heads(static_cast<std::size_t>(x.size(1)));
  for (std::int64_t i = 0; i < x.size(1); ++i) {
    const auto d = visited[i];
    heads[static_cast<std::size_t>(d)] = heads_of(a, d, rnade, law);
    a = torch::addcmul(a, x.select(1, d).unsqueeze(1), rnade.W[d]);
  }
  return torch::stack(heads, 1);
}

ScaleMixture rnade_mixture(const Tensor& heads, const RnadeLaw& law) {
  const auto parts = heads.chunk(3, -1);
  const auto excess = parts[2] - law.min_log_sigma;
  const auto log_sigma = law.min_log_sigma + excess.clamp_min(0) + (-excess.abs()).exp().log1p();
  auto mu = parts[1];
  if (law.scaled_mean_gradient) mu = mu.detach() + (mu - mu.detach()) * log_sigma.detach().exp();
  return {torch::log_softmax(parts[0], -1), mu, log_sigma};
}

// Gaussian: -log sigma - u^2 / 2 - log(2 pi) / 2;  Laplace: -log sigma - |u| - log 2;
// u = (x - mu) / sigma.
Tensor mixture_log_prob(const ScaleMixture& mixture, const Tensor& x, const RnadeLaw& law) {
  const auto u = (x.unsqueeze(-1) - mixture.mu) * (-mixture.log_sigma).exp();
  const bool gaussian = law.component == MixtureComponent::gaussian;
  const auto distance = gaussian ? 0.5 * u.square() : u.abs();
  const double constant = gaussian ? 0.5 * std::log(2 * std::numbers::pi) : std::numbers::ln2;
  return torch::logsumexp(mixture.log_alpha - mixture.log_sigma - distance, -1) - constant;
}

Tensor mixture_cdf(const ScaleMixture& mixture, const Tensor& x, MixtureComponent component) {
  const auto u = (x.unsqueeze(-1) - mixture.mu) * (-mixture.log_sigma).exp();
  if (component == MixtureComponent::gaussian)
    return (mixture.log_alpha.exp() * 0.5 * torch::erfc(-u / std::numbers::sqrt2)).sum(-1);
  const auto tail = 0.5 * (-u.abs()).exp();
  return (mixture.log_alpha.exp() * torch::where(u < 0, tail, 1 - tail)).sum(-1);
}

Tensor mixture_draw(const ScaleMixture& mixture, const Tensor& uniform, double temperature,
                    MixtureComponent component) {
  torch::NoGradGuard no_grad;
  const auto alpha = torch::softmax(mixture.log_alpha.to(torch::kFloat64) / temperature, -1);
  const auto above = torch::cumsum(alpha, -1), below = above - alpha;
  const auto u = uniform.to(torch::kFloat64).unsqueeze(-1);
  const auto last = alpha.size(-1) - 1;
  const auto k = (u >= above).sum(-1, true).clamp_max(last);
  const auto share = (u - below.gather(-1, k)) / alpha.gather(-1, k);
  const bool gaussian = component == MixtureComponent::gaussian;
  const auto width = mixture.log_sigma.gather(-1, k).to(torch::kFloat64).exp() *
                     (gaussian ? std::sqrt(temperature) : temperature);
  const auto mu = mixture.mu.gather(-1, k).to(torch::kFloat64);
  return (mu + width * quantile(share, component)).squeeze(-1).to(mixture.mu.scalar_type());
}

Tensor rnade_draw(const Tensor& uniform, const Tensor& known, const Tensor& x, double temperature,
                  const RnadeTensors& rnade, const RnadeLaw& law) {
  torch::NoGradGuard no_grad;
  const auto order = rnade.order.to(torch::kCPU);
  const auto* visited = order.data_ptr<std::int64_t>();
  const auto drawn = torch::empty(uniform.sizes(), rnade.W.options());
  auto a = rnade.c.expand({uniform.size(0), -1});
  for (std::int64_t i = 0; i < uniform.size(1); ++i) {
    const auto d = visited[i];
    const auto mixture = rnade_mixture(heads_of(a, d, rnade, law), law);
    auto value = mixture_draw(mixture, uniform.select(1, d), temperature, law.component);
    if (known.defined())
      value = torch::where(known.select(1, d), x.select(1, d).to(value.scalar_type()), value);
    drawn.select(1, d).copy_(value);
    a = torch::addcmul(a, value.unsqueeze(1), rnade.W[d]);
  }
  return drawn;
}

}  // namespace kiln
