#include "kiln/metrics/parzen.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "kiln/core/rng.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

Tensor normals(std::uint64_t seed, at::IntArrayRef shape) {
  Rng rng(seed);
  return rng.normal(shape).to(torch::kFloat64);
}

// log N(x; s, sigma^2 I) of one row each.
double log_normal(const Tensor& x, const Tensor& s, double sigma) {
  double sum = 0;
  for (std::int64_t d = 0; d < x.size(0); ++d) {
    const double z = (x[d].item<double>() - s[d].item<double>()) / sigma;
    sum -= z * z / 2 + std::log(sigma) + std::log(2 * M_PI) / 2;
  }
  return sum;
}

// By the largest term, as logsumexp does.
double by_hand(const Tensor& samples, const Tensor& x, double sigma) {
  std::vector<double> terms;
  for (std::int64_t j = 0; j < samples.size(0); ++j)
    terms.push_back(log_normal(x, samples[j], sigma));
  const double most = *std::max_element(terms.begin(), terms.end());
  double sum = 0;
  for (const double term : terms) sum += std::exp(term - most);
  return most + std::log(sum / static_cast<double>(terms.size()));
}

TEST(Parzen, OneSampleIsANormalDensity) {
  const auto s = normals(1, {1, 4}), x = normals(2, {3, 4});
  const auto found = parzen_log_density(s, x, .3);
  for (std::int64_t i = 0; i < 3; ++i)
    EXPECT_NEAR(found[i].item<double>(), log_normal(x[i], s[0], .3), 1e-11);
}

TEST(Parzen, IsTheMeanOfNormalDensitiesFarOutToo) {
  const auto s = normals(3, {20, 3});
  const auto x = torch::cat({normals(4, {5, 3}), torch::full({1, 3}, 50.0, torch::kFloat64)});
  for (const double sigma : {.05, 1.0, 3.0}) {
    const auto found = parzen_log_density(s, x, sigma);
    for (std::int64_t i = 0; i < 6; ++i) {
      const double wanted = by_hand(s, x[i], sigma);
      EXPECT_NEAR(found[i].item<double>(), wanted, 1e-12 * std::max(100.0, std::abs(wanted)));
    }
  }
}

TEST(Parzen, FollowsWhenBothAreMoved) {
  const auto s = normals(5, {20, 3}), x = normals(6, {5, 3});
  const auto moved = parzen_log_density(s + 2.5, x + 2.5, .4);
  EXPECT_LT((moved - parzen_log_density(s, x, .4)).abs().max().item<double>(), 1e-10);
}

// Beyond 8 deviations nothing is left of 1 but 1e-15; the trapezoid rule is as good for a mixture
// of normals whose deviation is ten steps.
TEST(Parzen, IntegratesToOne) {
  const auto s = normals(7, {12, 1});
  const double step = .05, reach = 10;
  const auto x = torch::arange(-reach, reach, step, torch::kFloat64).unsqueeze(1);
  EXPECT_NEAR((parzen_log_density(s, x, .5).exp().sum() * step).item<double>(), 1, 1e-12);
}

// 3000 x 2900 pairs are more than one block.
TEST(Parzen, BlocksDoNotShow) {
  const auto s = normals(8, {3000, 1}), x = normals(9, {2900, 1});
  const auto found = parzen_log_density(s, x, .2);
  ASSERT_EQ(found.sizes(), torch::IntArrayRef({2900}));
  for (const std::int64_t i : {0, 1397, 1398, 2795, 2899})
    EXPECT_NEAR(found[i].item<double>(), by_hand(s, x[i], .2), 1e-11) << i;
}

TEST(Parzen, TheBandwidthIsTheGridsBestByBruteForce) {
  const auto grid = torch::logspace(-1.5, .5, 15, 10, torch::kFloat64);
  for (const std::uint64_t seed : {10, 11, 12}) {
    const auto s = normals(seed, {40, 2}), valid = 1.5 * normals(seed + 100, {25, 2});
    double best = 0, most = -INFINITY;
    for (std::int64_t h = 0; h < 15; ++h) {
      double sum = 0;
      for (std::int64_t i = 0; i < 25; ++i) sum += by_hand(s, valid[i], grid[h].item<double>());
      if (sum > most) most = sum, best = grid[h].item<double>();
    }
    EXPECT_EQ(parzen_bandwidth(s, valid, grid), best);
    EXPECT_EQ(parzen_bandwidth(s, valid, grid.flip(0)), best) << "in whatever order";
    EXPECT_GT(best, grid[0].item<double>());
    EXPECT_LT(best, grid[14].item<double>());
  }
}

TEST(Parzen, RefusesWhatDoesNotFit) {
  const auto s = torch::zeros({4, 3}), one = torch::ones(1);
  EXPECT_EQ(message_of<ShapeError>([&] {
              parzen_log_density(s, torch::zeros({2, 2}), 1);
            }),
            "[parzen_log_density] x must have shape [*, 3], got [2, 2]");
  EXPECT_EQ(message_of<ConfigError>([&] { parzen_log_density(s.narrow(0, 0, 0), s, 1); }),
            "[parzen_log_density] needs a sample of the model, got none");
  EXPECT_EQ(message_of<ConfigError>([&] { parzen_log_density(s, s, 0); }),
            "[parzen_log_density] sigma must be above 0 and finite, got 0");
  EXPECT_EQ(message_of<ConfigError>([&] { parzen_log_density(s, s + INFINITY, 1); }),
            "[parzen_log_density] x must be finite, got inf at sample 0, number 0; leave such "
            "items out of the data");
  EXPECT_EQ(message_of<ConfigError>([&] { parzen_bandwidth(s, s, one.narrow(0, 0, 0)); }),
            "[parzen_bandwidth] the grid is empty");
  EXPECT_EQ(message_of<ConfigError>([&] { parzen_bandwidth(s, s.narrow(0, 0, 0), one); }),
            "[parzen_bandwidth] valid has no items");
  EXPECT_EQ(message_of<ConfigError>([&] { parzen_bandwidth(s, s, -one); }),
            "[parzen_bandwidth] sigma must be above 0 and finite, got -1");
}

}  // namespace
}  // namespace kiln
