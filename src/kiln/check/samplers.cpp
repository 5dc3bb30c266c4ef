#include "kiln/check/samplers.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "kiln/check/conditional_law.h"

namespace kiln {
namespace {

constexpr std::int64_t kItems = 8;
constexpr double kShare = 1e-3;  // of draws: ties between a uniform number and a probability
constexpr double kTolerance = 1e-3;
constexpr double kLevel = 1e-6;  // of a false alarm

// How many draws differ by more than rounding can explain.
std::int64_t differing(const Tensor& naive, const Tensor& cached) {
  return (naive - cached)
      .abs()
      .gt(kTolerance * (1 + cached.abs()))
      .logical_or(naive.isnan())
      .sum()
      .item<std::int64_t>();
}

// P(X < x) + w P(X = x), w uniform: uniform itself if x was drawn from the law.
Tensor integral_transform(const ConditionalLaw& law, const Tensor& x, Rng& rng) {
  const auto below = law.values.unsqueeze(0) < x.unsqueeze(1);
  const auto at = law.values.unsqueeze(0) == x.unsqueeze(1);
  return (law.mass * below).sum(1) +
         rng.uniform({x.size(0)}).to(torch::kDouble) * (law.mass * at).sum(1);
}

// Largest distance between the empirical law of u and the uniform law.
double kolmogorov(const Tensor& u) {
  const auto sorted = std::get<0>(u.sort());
  const auto n = sorted.size(0);
  const auto grid = torch::arange(n + 1, torch::kDouble) / static_cast<double>(n);
  return torch::maximum((grid.slice(0, 1) - sorted).abs(), (sorted - grid.slice(0, 0, n)).abs())
      .max()
      .item<double>();
}

// The distance as a share of the one that n uniform numbers exceed with probability `level`:
// P(sqrt(n) D > t) < 2 exp(-2 t^2).
double share_of_limit(const Tensor& u, double level) {
  return kolmogorov(u) / std::sqrt(std::log(2 / level) / 2 / static_cast<double>(u.size(0)));
}

}  // namespace

Finding check_cached_sampler(Autoregressive& model, const ValueSet& values, const Batch& items,
                             Rng& rng) {
  torch::NoGradGuard no_grad;
  const auto dims = items.x.size(1);
  const auto uniform = rng.uniform({kItems, dims});
  const auto given = given_like(items, uniform);
  const auto cached = model.draw(given);
  auto x = torch::zeros_like(cached);
  if (values.kind == Values::binary) x = 1 - cached;
  std::int64_t wrong = 0;
  for (std::int64_t i = 0; i < dims; ++i) {
    const auto d = model.ordering()[i].item<std::int64_t>();
    wrong +=
        differing(model.draw_one(given.around(x), d, uniform.select(1, d)), cached.select(1, d));
    x.select(1, d).copy_(cached.select(1, d));
  }
  const auto draws = kItems * dims;
  const double share = static_cast<double>(wrong) / static_cast<double>(draws);
  return {"cached sampler", within(share, kShare), share,
          fmt::format("{} of {} draws differ from the naive sampler's, to be below {} %", wrong,
                      draws, 100 * kShare)};
}

Finding check_sampler_law(Autoregressive& model, const ValueSet& values, const Batch& items,
                          Rng& rng) {
  torch::NoGradGuard no_grad;
  const auto& x = items.x;
  const bool real = values.kind != Values::binary && values.kind != Values::states;
  const auto uniform = rng.uniform({real ? 64 : 512, x.size(1)});
  const auto given = given_like(items, uniform);
  const auto drawn = model.draw(given);
  const auto numbers =
      some_numbers(model.ordering(), affordable(values, drawn.size(0), x.size(1), 16));
  const double tests = static_cast<double>(numbers.size()) + 1;
  std::vector<Tensor> transforms;
  double worst = 0;
  for (const auto d : numbers) {
    const auto law = conditional_law(model, values, x, given.around(drawn), d);
    transforms.push_back(integral_transform(law, drawn.select(1, d), rng));
    worst = std::fmax(worst, share_of_limit(transforms.back(), kLevel / tests));
  }
  const auto all = torch::cat(transforms);
  worst = std::fmax(worst, share_of_limit(all, kLevel / tests));
  if (all.isnan().any().item<bool>()) worst = std::nan("");
  return {
      "sampler law", within(worst, 1), worst,
      fmt::format("Kolmogorov-Smirnov distance of {} draws of {} numbers from the likelihood is "
                  "{:.2f} of what chance allows once in a million",
                  drawn.size(0), numbers.size(), worst)};
}

}  // namespace kiln
