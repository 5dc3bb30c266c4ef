#pragma once

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "kiln/models/chain_model.h"

namespace kiln {

/// Every x of D numbers 0 .. q - 1: [q^D, D], the first number the slowest.
inline Tensor all_items(std::int64_t d, std::int64_t q) {
  const auto count = static_cast<std::int64_t>(std::llround(std::pow(q, d)));
  auto x = torch::empty({count, d});
  for (std::int64_t i = 0; i < count; ++i)
    for (std::int64_t j = d, rest = i; j-- > 0; rest /= q) x[i][j] = rest % q;
  return x;
}

/// Items whose neighbours go together: x_d = x_{d-1} + (0, rarely 1) mod q.
inline Tensor walks(std::int64_t rows, std::int64_t d, std::int64_t q, std::uint64_t seed) {
  Rng rng(seed);
  const auto start = rng.integers(q, {rows, 1});
  const auto steps = (rng.uniform({rows, d - 1}) < 0.3).to(torch::kInt64);
  return torch::cat({start, steps}, 1).cumsum(1).remainder(q).to(torch::kFloat32);
}

template <class M>
M fitted(const typename M::Options& options, const Tensor& x) {
  M model(options);
  model.begin_pass();
  model.observe({x, {}});
  model.end_pass();
  return model;
}

/// p of all items.
inline Tensor written_out(ChainModel& model, const Tensor& all) {
  return model.log_prob(all).exp();
}

inline void expect_sums_to_one(ChainModel& model, std::int64_t d, std::int64_t q) {
  const auto all = all_items(d, q);
  EXPECT_NEAR(written_out(model, all).sum().item<double>(), 1, 1e-12);
  EXPECT_TRUE(torch::allclose(model.log_conditionals(all).sum(1), model.log_prob(all), 0, 1e-12));
}

/// Pearson's statistic of draws x against p of all_items; the law has size - 1 degrees of freedom.
inline double chi_square(const Tensor& x, const Tensor& p, std::int64_t q) {
  auto index = torch::zeros({x.size(0)}, torch::kInt64);
  for (std::int64_t d = 0; d < x.size(1); ++d) index = index * q + x.select(1, d).to(torch::kInt64);
  const auto seen = torch::bincount(index, {}, p.size(0)).to(torch::kFloat64);
  const auto expected = p * x.size(0);
  return ((seen - expected).square() / expected).masked_select(p > 0).sum().item<double>();
}

inline void expect_chi_square(const Tensor& x, const Tensor& p, std::int64_t q) {
  const auto freedom = static_cast<double>((p > 0).sum().item<std::int64_t>() - 1);
  EXPECT_NEAR(chi_square(x, p, q), freedom, 5 * std::sqrt(2 * freedom));
}

/// The cached draw and the naive one of every number agree.
inline void expect_draws_agree(ChainModel& model, std::int64_t d) {
  Rng rng(4);
  const auto uniform = rng.uniform({50, d});
  const auto x = model.draw(uniform);
  for (std::int64_t i = 0; i < d; ++i)
    EXPECT_TRUE(torch::equal(model.draw_one(x, i, uniform.select(1, i)), x.select(1, i))) << i;
}

/// Completions of one item follow the enumerated conditional law.
inline void expect_completions(ChainModel& model, const Tensor& item, const Tensor& known,
                               std::int64_t q) {
  const auto all = all_items(item.size(0), q);
  const auto agrees = (all.eq(item).logical_or(known.eq(0))).all(1);
  auto p = written_out(model, all) * agrees;
  p = p / p.sum();
  Rng rng(5);
  const std::int64_t draws = 20000;
  const auto nonsense = torch::where(known.ne(0), item, torch::full_like(item, NAN));
  const auto x = model.complete(nonsense.expand({draws, -1}), known.expand({draws, -1}), rng);
  EXPECT_TRUE(x.eq(item).logical_or(known.eq(0)).all().item<bool>());
  expect_chi_square(x, p, q);
}

}  // namespace kiln
