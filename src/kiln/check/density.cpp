#include "kiln/check/density.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace kiln {
namespace {

constexpr std::int64_t kDraws = 40000, kRowsAtOnce = 1000, kMostNumbers = 64;
constexpr double kShare = .15;  // of the draws: a neighbourhood
constexpr double kShrink = .5;  // of its variances, so that r has thinner tails than p
constexpr double kMostError = .2, kErrors = 5;

struct Gaussian {
  Tensor mean, whitening;  // [D]; [D, D], lower triangular: W (x - mean) is N(0, I)
  double log_scale = 0;    // log |det W| - D/2 log 2 pi

  Tensor log_density(const Tensor& x) const {
    const auto y = (x - mean).matmul(whitening.t());
    return log_scale - y.square().sum(1) / 2;
  }
};

// The draws nearest to the first, in units of the deviations of all.
Gaussian fitted_around_one(const Tensor& x) {
  const auto scaled = x / x.std(0).clamp_min(1e-12);
  const auto distance = (scaled - scaled[0]).square().sum(1);
  const auto count = static_cast<std::int64_t>(kShare * static_cast<double>(x.size(0)));
  const auto near = x.index_select(0, std::get<1>(distance.topk(count, 0, /*largest=*/false)));
  const auto mean = near.mean(0), centred = near - mean;
  const auto dims = x.size(1);
  auto covariance = centred.t().matmul(centred) * (kShrink / static_cast<double>(count - 1));
  covariance += torch::eye(dims, x.options()) * (1e-9 * covariance.diagonal().mean());
  const auto factor = torch::linalg_cholesky(covariance);
  const auto whitening = torch::linalg_inv(factor);
  const double log_scale = -factor.diagonal().log().sum().item<double>() -
                           static_cast<double>(dims) / 2 * std::log(2 * std::numbers::pi);
  return {mean, whitening, log_scale};
}

Tensor log_probs(Likelihood& likelihood, const Tensor& x) {
  std::vector<Tensor> parts;
  for (const auto& rows : x.split(kRowsAtOnce))
    parts.push_back(likelihood.log_prob(rows).to(torch::kDouble));
  return torch::cat(parts);
}

}  // namespace

std::optional<Finding> check_density(Likelihood& likelihood, Sampler& sampler, std::int64_t dims,
                                     Rng& rng) {
  if (dims > kMostNumbers) return std::nullopt;
  torch::NoGradGuard no_grad;
  const auto x = sampler.sample({.count = kDraws}, rng).flatten(1);
  const auto wide = x.to(torch::kDouble);
  const auto half = kDraws / 2;
  const auto r = fitted_around_one(wide.slice(0, 0, half));
  const auto ratio =
      (r.log_density(wide.slice(0, half)) - log_probs(likelihood, x.slice(0, half))).exp();
  const double mean = ratio.mean().item<double>();
  const double error = ratio.std().item<double>() / std::sqrt(static_cast<double>(half));
  if (std::isfinite(mean) && error > kMostError * std::max(1., mean)) return std::nullopt;
  const double off = std::abs(mean - 1) / error;
  return Finding{"density", within(off, kErrors), mean,
                 fmt::format("mean of r(x) / p(x) over {} draws = {:.4f} +- {:.4f}, to be 1 within "
                             "{} standard errors",
                             half, mean, error, kErrors)};
}

}  // namespace kiln
