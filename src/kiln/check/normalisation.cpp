#include "kiln/check/normalisation.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "kiln/check/conditional_law.h"
#include "kiln/models/seen_as.h"

namespace kiln {
namespace {

constexpr std::int64_t kMostStates = 1 << 20, kRowsAtOnce = 4096;  // of at most 20 numbers
constexpr double kReach = 12;
constexpr double kDiscreteLimit = 1e-4, kRealLimit = 5e-3;  // rounding; the grid's own error

bool discrete(const ValueSet& values) {
  return values.kind == Values::binary || values.kind == Values::states;
}

// p summed over rows of flat items that are made a chunk at a time, of the first item's class.
template <class Rows>
double total_of(Likelihood& model, const Batch& items, std::int64_t count, const Rows& rows) {
  double total = 0;
  for (std::int64_t first = 0; first < count; first += kRowsAtOnce) {
    const auto number = torch::arange(first, std::min(first + kRowsAtOnce, count));
    const auto all = given_like(first_of(items, 1), rows(number));
    total += model.log_prob(all).to(torch::kDouble).exp().sum().template item<double>();
  }
  return total;
}

// Digit k of each number in the base q.
Tensor digits(const Tensor& number, std::int64_t q, std::int64_t dims) {
  std::vector<Tensor> columns;
  auto left = number;
  for (std::int64_t d = 0; d < dims; ++d) {
    columns.push_back(left.remainder(q));
    left = left.div(q, "floor");
  }
  return torch::stack(columns, 1);
}

Finding verdict(double total, double limit, std::string over) {
  return {"normalised", within(std::abs(total - 1), limit), total,
          fmt::format("p(x) summed over {} = {:.7f}, to be 1 within {}", over, total, limit)};
}

}  // namespace

std::optional<Finding> check_total_mass(Model& model, const Batch& items) {
  torch::NoGradGuard no_grad;
  const auto& x = items.x;
  auto* likelihood = seen_as<Likelihood>(model);
  const auto values = model.value_set();
  const auto dims = x.size(1);
  if (!likelihood) return std::nullopt;
  if (discrete(values)) {
    const auto q = values.kind == Values::binary ? 2 : values.states;
    const double states = std::pow(static_cast<double>(q), static_cast<double>(dims));
    if (states > kMostStates) return std::nullopt;
    const double total =
        total_of(*likelihood, items, static_cast<std::int64_t>(states),
                 [&](const Tensor& number) { return digits(number, q, dims).to(x.scalar_type()); });
    return verdict(total, kDiscreteLimit, fmt::format("all {} states", states));
  }
  if (values.kind != Values::real || dims > 2) return std::nullopt;
  const std::int64_t points = dims == 1 ? 20001 : 1501;
  const auto spread = x.std(0).clamp_min(1e-3);
  const auto step = spread * (2 * kReach / static_cast<double>(points - 1));
  const double total =
      total_of(*likelihood, items, dims == 1 ? points : points * points, [&](const Tensor& number) {
        return x.mean(0) - kReach * spread +
               digits(number, points, dims).to(x.scalar_type()) * step;
      });
  return verdict(total * step.to(torch::kDouble).prod().item<double>(), kRealLimit,
                 fmt::format("a grid of {}^{} points", points, dims));
}

Finding check_conditional_mass(Autoregressive& model, const ValueSet& values, const Batch& items) {
  double worst = 0;
  std::int64_t where = 0;
  const auto& x = items.x;
  const auto contexts = first_of(items, 4);
  const auto numbers =
      some_numbers(model.ordering(), affordable(values, contexts.x.size(0), x.size(1), 64));
  for (const auto d : numbers) {
    const auto total = conditional_law(model, values, x, contexts, d).total();
    const double off = (total - 1).abs().max().item<double>();
    if (off > worst || std::isnan(off)) worst = off, where = d;
    if (std::isnan(off)) break;
  }
  const double limit = discrete(values) ? kDiscreteLimit : kRealLimit;
  return {
      "conditionals", within(worst, limit), worst,
      fmt::format("sums of p(x_d | numbers before d) differ from 1 by at most {:.2g} (at d = {}; "
                  "{} of {} numbers, {} contexts), to be below {}",
                  worst, where, numbers.size(), x.size(1), contexts.x.size(0), limit)};
}

}  // namespace kiln
