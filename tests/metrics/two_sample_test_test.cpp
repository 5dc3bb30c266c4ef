#include "kiln/metrics/two_sample_test.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "tests/support/p_values.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

Tensor normals(Rng& rng, std::int64_t rows, std::int64_t columns) {
  return rng.normal({rows, columns}).to(torch::kFloat64);
}

double distance(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (std::int64_t d = 0; d < a.size(0); ++d)
    sum += std::pow(a[d].item<double>() - b[d].item<double>(), 2);
  return std::sqrt(sum);
}

// T pair by pair, of a kernel of the distance.
double by_hand(const std::function<double(double)>& kernel, const Tensor& x, const Tensor& y) {
  const auto mean = [&](const Tensor& a, const Tensor& b, bool within) {
    double sum = 0;
    for (std::int64_t i = 0; i < a.size(0); ++i)
      for (std::int64_t j = 0; j < b.size(0); ++j)
        if (!within || i != j) sum += kernel(distance(a[i], b[j]));
    return sum / static_cast<double>(a.size(0) * (within ? a.size(0) - 1 : b.size(0)));
  };
  return mean(x, x, true) + mean(y, y, true) - 2 * mean(x, y, false);
}

// The lower median over pairs of pooled rows.
double median_by_hand(const Tensor& pool) {
  std::vector<double> all;
  for (std::int64_t i = 0; i < pool.size(0); ++i)
    for (std::int64_t j = 0; j < i; ++j) all.push_back(distance(pool[i], pool[j]));
  std::sort(all.begin(), all.end());
  return all[(all.size() - 1) / 2];
}

TEST(TwoSampleTest, StatisticsEqualPlainLoops) {
  Rng rng(1);
  const auto x = normals(rng, 9, 3), y = .5 + 2 * normals(rng, 6, 3);
  const double w = median_by_hand(torch::cat({x, y}));
  const auto gauss = [w](double d) { return std::exp(-d * d / (2 * w * w)); };
  EXPECT_NEAR(mmd_test(x, y, 1, rng).statistic, by_hand(gauss, x, y), 1e-10);
  EXPECT_NEAR(energy_test(x, y, 1, rng).statistic, by_hand([](double d) { return -d; }, x, y),
              1e-10);
  EXPECT_NEAR(mmd_test(rbf_kernel(.7), x, y, 1, rng).statistic,
              mmd2_unbiased(rbf_kernel(.7), x, y).item<double>(), 1e-12);
}

// With the same stream: shuffle the pooled rows, call the first N of them x, start anew.  300 are
// more than one matrix product.
TEST(TwoSampleTest, TheMatrixProductsAreThePermutationsOneByOne) {
  Rng rng(2);
  const auto x = normals(rng, 8, 2), y = .6 + normals(rng, 5, 2), pool = torch::cat({x, y});
  for (const auto& kernel : {rbf_kernel(1.1), distance_kernel()}) {
    auto twin = rng;
    const auto found = mmd_test(kernel, x, y, 300, rng);
    const double observed = mmd2_unbiased(kernel, x, y).item<double>();
    int as_large = 0;
    for (int i = 0; i < 300; ++i) {
      const auto rows = pool.index_select(0, twin.permutation(13));
      const auto permuted = mmd2_unbiased(kernel, rows.narrow(0, 0, 8), rows.narrow(0, 8, 5));
      as_large += permuted.item<double>() >= observed - 1e-12;
    }
    EXPECT_DOUBLE_EQ(found.p_value, (1 + as_large) / 301.0);
    EXPECT_GT(as_large, 3);
    EXPECT_LT(as_large, 297);
    EXPECT_EQ(found.permutations, 300);
  }
}

// Of steps: int f over the line between the sorted pooled points, F and G being constant there.
struct Steps {
  double difference, x_spread, y_spread;  // 2 int (F - G)^2, 2 int F (1 - F), 2 int G (1 - G)
};

Steps integrals(const Tensor& x, const Tensor& y) {
  const auto points = std::get<0>(torch::cat({x, y}).flatten().sort());
  Steps sum{0, 0, 0};
  for (std::int64_t i = 0; i + 1 < points.size(0); ++i) {
    const auto from = points[i];
    const double width = (points[i + 1] - from).item<double>();
    const double f = (x <= from).to(torch::kFloat64).mean().item<double>(),
                 g = (y <= from).to(torch::kFloat64).mean().item<double>();
    sum.difference += 2 * width * (f - g) * (f - g);
    sum.x_spread += 2 * width * f * (1 - f), sum.y_spread += 2 * width * g * (1 - g);
  }
  return sum;
}

TEST(TwoSampleTest, OnTheLineTheEnergyDistanceIsCramersIntegral) {
  Rng rng(3);
  const auto x = normals(rng, 30, 1), y = .3 + 1.5 * normals(rng, 21, 1);
  const auto exact = integrals(x, y);
  EXPECT_NEAR(mmd2_biased(distance_kernel(), x, y).item<double>(), exact.difference, 1e-12);
  EXPECT_NEAR(energy_test(x, y, 1, rng).statistic,
              exact.difference - exact.x_spread / 29 - exact.y_spread / 20, 1e-12);
}

// The constant is that of prob/mmd's test: k = exp(-d^2 / 2), N(0, 1) against N(1, 4).
TEST(TwoSampleTest, OnAverageMmdIsThePopulationsValue) {
  Rng rng(4);
  const int times = 300;
  double sum = 0, squares = 0;
  for (int i = 0; i < times; ++i) {
    const double t =
        mmd_test(rbf_kernel(1), normals(rng, 40, 1), 1 + 2 * normals(rng, 50, 1), 1, rng).statistic;
    sum += t, squares += t * t;
  }
  const double mean = sum / times, variance = squares / times - mean * mean;
  EXPECT_NEAR(mean, 0.15947048367646544, 5 * std::sqrt(variance / times));
}

using Test = std::function<TwoSampleTest(const Tensor&, const Tensor&, Rng&)>;

const Test kMmd = [](const Tensor& x, const Tensor& y, Rng& rng) {
  return mmd_test(x, y, 99, rng);
};
const Test kEnergy = [](const Tensor& x, const Tensor& y, Rng& rng) {
  return energy_test(x, y, 99, rng);
};

TEST(TwoSampleTest, UnderEqualLawsPValuesAreUniform) {
  std::vector<double> atoms;
  for (int k = 1; k <= 100; ++k) atoms.push_back(k / 100.0);
  for (const auto& test : {kMmd, kEnergy}) {
    Rng rng(5);
    std::vector<double> p_values;
    for (int run = 0; run < 200; ++run)
      p_values.push_back(test(normals(rng, 15, 2), normals(rng, 10, 2), rng).p_value);
    EXPECT_LT(distance_from_uniform(p_values, atoms), 1.63 / std::sqrt(200));
  }
}

TEST(TwoSampleTest, SeesOtherMeansOtherVariancesAndOtherCorrelations) {
  Rng rng(6);
  const auto x = normals(rng, 100, 2), y = normals(rng, 100, 2);
  const auto u = y.select(1, 0), v = y.select(1, 1);
  for (const auto& test : {kMmd, kEnergy}) {
    EXPECT_EQ(test(x, y + 1, rng).p_value, .01);
    EXPECT_EQ(test(x, 3 * y, rng).p_value, .01);
    EXPECT_EQ(test(x, torch::stack({u, .9 * u + std::sqrt(.19) * v}, 1), rng).p_value, .01);
    EXPECT_EQ(test(x, y + 1, rng).permutations, 99);
  }
}

TEST(TwoSampleTest, UnitsAndTheOrderOfTheSamplesDoNotMatter) {
  Rng rng(7);
  const auto x = normals(rng, 12, 2), y = .5 + normals(rng, 9, 2);
  auto a = rng, b = rng;
  const auto own = mmd_test(x, y, 99, a), scaled = mmd_test(1e3 * x - 7, 1e3 * y - 7, 99, b);
  EXPECT_NEAR(own.statistic, scaled.statistic, 1e-10);
  EXPECT_EQ(own.p_value, scaled.p_value);
  for (const auto& test : {kMmd, kEnergy})
    EXPECT_NEAR(test(x, y, rng).statistic, test(y, x, rng).statistic, 1e-12);
}

// Both samples hold each value equally often: no labelling has a smaller T, and many have the same
// T but for rounding.
TEST(TwoSampleTest, WhatIsEqualButForRoundingCountsAsEqual) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    Rng rng(seed);
    const auto x = normals(rng, 3, 3).repeat({4, 1});
    EXPECT_EQ(kMmd(x, x, rng).p_value, 1);
    EXPECT_EQ(kEnergy(x, x, rng).p_value, 1);
  }
  Rng rng(8);
  const auto same = torch::full({10, 2}, .1);
  EXPECT_EQ(kMmd(same, same, rng).p_value, 1);
  EXPECT_EQ(kEnergy(same, same, rng).statistic, 0);
}

TEST(TwoSampleTest, RefusesWhatDoesNotFit) {
  Rng rng(9);
  const auto x = torch::zeros({4, 3});
  EXPECT_EQ(message_of<ShapeError>([&] {
              energy_test(x, torch::zeros({4, 2}), 9, rng);
            }),
            "[energy_test] y must have shape [*, 3], got [4, 2]");
  EXPECT_EQ(message_of<ShapeError>([&] { mmd_test(torch::zeros(4), x, 9, rng); }),
            "[mmd_test] x must have shape [*, *], got [4]");
  EXPECT_EQ(message_of<ConfigError>([&] { mmd_test(x, x.narrow(0, 0, 1), 9, rng); }),
            "[mmd_test] x and y need at least 2 rows each, got 4 and 1");
  EXPECT_EQ(message_of<ConfigError>([&] {
              mmd_test(x, torch::zeros({4997, 3}), 9, rng);
            }),
            "[mmd_test] x and y may have 5000 rows together, since all their pairs are held, got 4 "
            "and 4997; take a random part of each");
  EXPECT_EQ(message_of<ConfigError>([&] { mmd_test(x, x, 0, rng); }),
            "[mmd_test] permutations must be positive, got 0");
  auto y = x.clone();
  y[1][2] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(message_of<ConfigError>([&] { energy_test(x, y, 9, rng); }),
            "[energy_test] y must be finite, got nan at sample 1, number 2; leave such items out "
            "of the data");
}

}  // namespace
}  // namespace kiln
