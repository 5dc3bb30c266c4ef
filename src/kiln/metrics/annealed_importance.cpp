#include "kiln/metrics/annealed_importance.h"

#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>

#include "kiln/core/check.h"

namespace kiln {
namespace {

constexpr const char* kWhere = "annealed_importance";
constexpr double kAcceptance = 0.65;  // arXiv:1611.04273
constexpr double kFirstStep = 0.1;    // before anything is known

// How the pilot moves at a temperature; gain: of log step per unit of acceptance.
struct Search {
  std::int64_t moves;
  double gain;
};
constexpr Search kFirst{20, 1};  // to the scale of the prior, up to a thousand times kFirstStep
constexpr Search kLater{5, 0.3};

// Of sum(values) in z; nothing where they do not depend on z.
Tensor slope_of(const Tensor& values, const Tensor& z) {
  if (!values.requires_grad()) return torch::zeros_like(z);
  const auto slope = torch::autograd::grad({values.sum()}, {z}, {}, {}, false, true)[0];
  return slope.defined() ? slope : torch::zeros_like(z);
}

// The K B chains at one place: z [K, B, J], densities [K, B] and their slopes [K, B, J].
struct Place {
  Tensor z, log_prior, log_likelihood, prior_slope, likelihood_slope;

  Tensor log_density(double beta) const { return log_prior + beta * log_likelihood; }
  Tensor slope(double beta) const { return prior_slope + beta * likelihood_slope; }
};

Place place_at(const AnnealedTarget& target, const Tensor& at) {
  const torch::AutoGradMode track(true);
  const auto z = at.detach().requires_grad_(true);
  const auto prior = target.log_prior(z), likelihood = target.log_likelihood(z);
  check_shape(kWhere, "log_prior(z)", prior, {z.size(0), z.size(1)});
  check_shape(kWhere, "log_likelihood(z)", likelihood, {z.size(0), z.size(1)});
  const auto numbers = [](const Tensor& t) { return t.detach().to(torch::kFloat64); };
  return {z.detach(), numbers(prior), numbers(likelihood), slope_of(prior, z),
          slope_of(likelihood, z)};
}

Place choose(const Tensor& accepted, const Place& a, const Place& b) {
  const auto rows = accepted.unsqueeze(-1);
  return {torch::where(rows, a.z, b.z), torch::where(accepted, a.log_prior, b.log_prior),
          torch::where(accepted, a.log_likelihood, b.log_likelihood),
          torch::where(rows, a.prior_slope, b.prior_slope),
          torch::where(rows, a.likelihood_slope, b.likelihood_slope)};
}

class Chains {
 public:
  Chains(const AnnealedTarget& target, const Tensor& z, std::int64_t leapfrog)
      : target_(target), leapfrog_(leapfrog), here_(place_at(target, z)) {}

  const Tensor& log_likelihood() const { return here_.log_likelihood; }

  // A Hamiltonian move that leaves p(z) p(x|z)^beta invariant, and is its own reverse.  step [B] ->
  // acceptance probability, mean over the chains of each item [B].  Neal 2011, arXiv:1206.1901.
  Tensor move(double beta, const Tensor& step, Rng& rng) {
    const auto like = here_.z.options();
    const auto sizes = here_.log_prior.sizes();
    const auto momentum = rng.normal(here_.z.sizes()).to(like);
    const auto e = (step * (0.8 + 0.4 * rng.uniform(sizes).to(step.options()))).to(like);
    auto [there, end] = trajectory(beta, e.unsqueeze(-1), momentum);
    const auto energy_lost = there.log_density(beta) - here_.log_density(beta) +
                             0.5 * (momentum.square() - end.square()).to(torch::kFloat64).sum(-1);
    // Where a trajectory left all bounds the difference is NaN, and the chain stays.
    const auto probability = energy_lost.clamp_max(0).exp().nan_to_num(0);
    here_ = choose(rng.uniform(sizes).to(probability.options()) < probability, there, here_);
    return probability.mean(0);
  }

 private:
  struct End {
    Place place;
    Tensor momentum;
  };

  End trajectory(double beta, const Tensor& e, Tensor momentum) const {
    auto place = here_;
    momentum = momentum + e / 2 * place.slope(beta);
    for (std::int64_t i = 1; i <= leapfrog_; ++i) {
      place = place_at(target_, place.z + e * momentum);
      momentum = momentum + (i < leapfrog_ ? e : e / 2) * place.slope(beta);
    }
    return {place, momentum};
  }

  const AnnealedTarget& target_;
  std::int64_t leapfrog_;
  Place here_;
};

Tensor prior_draws(const AnnealedTarget& target, std::int64_t chains, Rng& rng) {
  const auto z = target.sample_prior(chains * target.items, rng).detach();
  check_shape(kWhere, "sample_prior(count)", z, {chains * target.items, kAny});
  return z.view({chains, target.items, z.size(1)});
}

// Step sizes by temperature.
struct StepSizes {
  std::vector<double> betas;      // rising, above 0
  std::vector<Tensor> log_steps;  // each [B]

  // Between two temperatures log step is a straight line over log beta.
  Tensor at(double beta) const {
    const auto next = std::lower_bound(betas.begin(), betas.end() - 1, beta);
    const auto i = static_cast<std::size_t>(next - betas.begin());
    if (i == 0) return log_steps[0].exp();
    const double part = std::log(beta / betas[i - 1]) / std::log(betas[i] / betas[i - 1]);
    return torch::lerp(log_steps[i - 1], log_steps[i], part).exp();
  }
};

StepSizes find_step_sizes(const AnnealedTarget& target, const AnnealedOptions& options, Rng rng) {
  Chains chains(target, prior_draws(target, options.chains, rng), options.leapfrog);
  StepSizes found;
  auto log_step =
      torch::full({target.items}, std::log(kFirstStep), chains.log_likelihood().options());
  const auto betas = sigmoidal_schedule(options.pilot);
  for (std::size_t t = 1; t < betas.size(); ++t) {
    const auto& search = t == 1 ? kFirst : kLater;
    for (std::int64_t i = 0; i < search.moves; ++i)
      log_step =
          log_step + search.gain * (chains.move(betas[t], log_step.exp(), rng) - kAcceptance);
    found.betas.push_back(betas[t]);
    found.log_steps.push_back(log_step);
  }
  return found;
}

struct Path {
  Tensor log_weights;  // [K, B]
  double acceptance;
};

// sum_t (b_{t+1} - b_t) log p(x | z_t) over the betas in the order given, with a move at each that
// is not an end.
Path walk(Chains chains, const std::vector<double>& betas, const StepSizes& sizes, Rng& rng) {
  auto log_weights = torch::zeros_like(chains.log_likelihood());
  double accepted = 0;
  const auto steps = betas.size() - 1;
  for (std::size_t t = 0; t < steps; ++t) {
    if (t > 0) accepted += chains.move(betas[t], sizes.at(betas[t]), rng).mean().item<double>();
    log_weights = log_weights + (betas[t + 1] - betas[t]) * chains.log_likelihood();
  }
  return {log_weights, accepted / static_cast<double>(steps - 1)};
}

// Without moves there is nothing to find, and the stream is left alone.
StepSizes step_sizes(const AnnealedTarget& target, const AnnealedOptions& options, Rng& rng) {
  if (options.temperatures == 1) return {};
  return find_step_sizes(target, options, Rng(rng.key(), "pilot", rng.device()));
}

Tensor log_mean_weight(const Tensor& log_weights) {
  return torch::logsumexp(log_weights, 0) - std::log(static_cast<double>(log_weights.size(0)));
}

Tensor effective_size(const Tensor& log_weights) {
  return (2 * torch::logsumexp(log_weights, 0) - torch::logsumexp(2 * log_weights, 0)).exp();
}

void check_options(const AnnealedTarget& target, const AnnealedOptions& options) {
  check_positive(kWhere, "items", target.items);
  check_positive(kWhere, "temperatures", options.temperatures);
  check_positive(kWhere, "chains", options.chains);
  check_positive(kWhere, "leapfrog", options.leapfrog);
  check_positive(kWhere, "pilot", options.pilot);
}

}  // namespace

std::vector<double> sigmoidal_schedule(std::int64_t temperatures) {
  check_positive(kWhere, "temperatures", temperatures);
  const auto sigmoid = [](double u) { return 1 / (1 + std::exp(-u)); };
  const double first = sigmoid(-4), last = sigmoid(4), steps = static_cast<double>(temperatures);
  std::vector<double> betas;
  for (std::int64_t t = 0; t <= temperatures; ++t)
    betas.push_back((sigmoid(4 * (2 * static_cast<double>(t) / steps - 1)) - first) /
                    (last - first));
  return betas;
}

AnnealedEstimate annealed_log_prob(const AnnealedTarget& target, const AnnealedOptions& options,
                                   Rng& rng) {
  check_options(target, options);
  const auto sizes = step_sizes(target, options, rng);
  Chains chains(target, prior_draws(target, options.chains, rng), options.leapfrog);
  const auto path = walk(std::move(chains), sigmoidal_schedule(options.temperatures), sizes, rng);
  return {log_mean_weight(path.log_weights), effective_size(path.log_weights), path.log_weights,
          path.acceptance};
}

// Along falling betas the sum in walk is -log w.
AnnealedEstimate reverse_annealed_log_prob(const AnnealedTarget& target, const Tensor& z,
                                           const AnnealedOptions& options, Rng& rng) {
  check_options(target, options);
  check_shape(kWhere, "z", z, {target.items, kAny});
  const auto sizes = step_sizes(target, options, rng);
  auto betas = sigmoidal_schedule(options.temperatures);
  std::reverse(betas.begin(), betas.end());
  Chains chains(target, z.detach().expand({options.chains, -1, -1}), options.leapfrog);
  const auto path = walk(std::move(chains), betas, sizes, rng);
  return {-log_mean_weight(path.log_weights), effective_size(path.log_weights), -path.log_weights,
          path.acceptance};
}

}  // namespace kiln
