#include "kiln/check/gradients.h"

#include <fmt/format.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <functional>

#include "kiln/core/torch_compat.h"
#include "kiln/models/seen_as.h"

namespace kiln {
namespace {

// A ReLU's corner that lies within a step bends the slope, and background pixels share theirs: the
// step is as short as float64 allows.
constexpr double kStep = 1e-6;
constexpr double kLimit = 1e-2;

Tensor unit(const Tensor& t) { return t / t.norm().clamp_min(1e-30); }

// (f(p + h v) - f(p - h v)) / 2h.
template <class Function>
double slope(const Function& f, Tensor parameter, const Tensor& direction) {
  torch::NoGradGuard no_grad;
  const auto start = parameter.clone();
  parameter.copy_(start + kStep * direction);
  const double above = f();
  parameter.copy_(start - kStep * direction);
  const double below = f();
  parameter.copy_(start);
  return (above - below) / (2 * kStep);
}

using Value = std::function<Tensor(const Tensor& x)>;

// The mean of log p(x), or where that is found by a scan without a graph, the one player's own
// objective, with the same random numbers every time.
Value raised_by_training(Model& model, Likelihood& likelihood, const Batch& batch, const Rng& rng) {
  const auto mean = [&likelihood, batch](const Tensor& x) {
    return likelihood.log_prob(batch.around(x)).mean();
  };
  auto* game = seen_as<Game>(model);
  if (!game || mean(batch.x).requires_grad()) return mean;
  const auto players = game->players();
  if (players.size() != 1) return mean;
  return [game, rng, batch, objective = players[0].objective](const Tensor& x) {
    auto same = rng;
    const auto items = batch.around(x);
    game->begin_round(items, same);
    return -objective(items, same).loss;
  };
}

}  // namespace

Finding check_gradient(Model& model, Likelihood& likelihood, const Batch& items, Rng& rng) {
  const auto& x = items.x;
  std::vector<std::string> names;
  std::vector<Tensor> inputs;
  for (const auto& entry : model.named_parameters())
    names.push_back(entry.key()), inputs.push_back(entry.value());
  const auto f = raised_by_training(model, likelihood, items, rng);
  const auto gradients =
      torch::autograd::grad({f(x)}, inputs, {}, kNone, false, /*allow_unused=*/true);
  std::vector<Tensor> held;
  for (const auto& p : inputs) held.push_back(p.detach().clone());
  double whole = 0;
  for (const auto& g : gradients)
    if (g.defined()) whole += g.to(torch::kDouble).square().sum().item<double>();

  model.to(torch::kDouble);
  const auto wide = x.to(torch::kDouble);
  const auto value = [&] { return f(wide).item<double>(); };
  const auto parameters = model.named_parameters();
  double worst = 0;
  std::string where = names.empty() ? "" : names[0];
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto p = parameters[names[i]];
    const auto g = gradients[i].defined() ? gradients[i].to(torch::kDouble) : torch::zeros_like(p);
    const auto direction = unit(unit(g) + unit(rng.normal(p.sizes()).to(torch::kDouble)));
    const double expected = slope(value, p, direction), got = (g * direction).sum().item<double>();
    const double off =
        std::abs(got - expected) / (std::abs(expected) + 1e-3 * std::sqrt(whole) + 1e-9);
    if (off > worst || std::isnan(off)) worst = off, where = names[i];
  }
  model.to(torch::kFloat32);
  torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < names.size(); ++i) parameters[names[i]].copy_(held[i]);
  return {"gradient", within(worst, kLimit), worst,
          fmt::format("slope along each of {} parameters differs from a float64 difference by at "
                      "most {:.2g} of it ({}), to be below {}",
                      names.size(), worst, where, kLimit)};
}

}  // namespace kiln
