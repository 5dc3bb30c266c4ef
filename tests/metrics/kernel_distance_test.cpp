#include "kiln/metrics/kernel_distance.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/support/refusal.h"

namespace kiln {
namespace {

Tensor draws(Rng& rng, std::int64_t rows, std::int64_t columns) {
  return rng.normal({rows, columns}).to(torch::kDouble);
}

// Number by number: x_i against y_j.
double kernel(const Tensor& x, std::int64_t i, const Tensor& y, std::int64_t j) {
  const auto a = x.accessor<double, 2>(), b = y.accessor<double, 2>();
  double dot = 0;
  for (std::int64_t f = 0; f < x.size(1); ++f) dot += a[i][f] * b[j][f];
  const double base = dot / static_cast<double>(x.size(1)) + 1;
  return base * base * base;
}

double mean_kernel(const Tensor& x, const Tensor& y, bool of_one_set) {
  double sum = 0;
  std::int64_t pairs = 0;
  for (std::int64_t i = 0; i < x.size(0); ++i)
    for (std::int64_t j = 0; j < y.size(0); ++j)
      if (!of_one_set || i != j) sum += kernel(x, i, y, j), ++pairs;
  return sum / static_cast<double>(pairs);
}

double by_hand(const Tensor& x, const Tensor& y) {
  return mean_kernel(x, x, true) + mean_kernel(y, y, true) - 2 * mean_kernel(x, y, false);
}

TEST(KernelDistance, OfWholeSetsEqualsItsDefinitionPairByPair) {
  Rng rng(1);
  for (const std::int64_t features : {1, 3, 8}) {
    const auto a = draws(rng, 25, features), b = draws(rng, 25, features) * 1.3 + .5;
    const auto found = kernel_distance(a, b, {}, rng);
    EXPECT_NEAR(found.mean, by_hand(a, b), 1e-10) << features;
    EXPECT_EQ(found.items, 1);
    EXPECT_TRUE(std::isnan(found.standard_error));
  }
}

// The mean over all subsets is the statistic of the whole sets.
TEST(KernelDistance, OfSubsetsHasTheMeanOfTheWholeSets) {
  Rng rng(2);
  const auto a = draws(rng, 9, 2), b = draws(rng, 14, 2) + 1;
  for (const std::int64_t size : {2, 4, 9}) {
    const auto found = kernel_distance(a, b, {.subsets = 600, .subset_size = size}, rng);
    EXPECT_NEAR(found.mean, by_hand(a, b), 5 * found.standard_error) << size;
    EXPECT_EQ(found.items, 600);
  }
}

// Subsets of two of four points against zeros, where k = 1: each pair is one value of six.  The
// deviation over n of them is off by its own sqrt(m4 / m2^2 - 1) / (2 sqrt n), m the moments.
TEST(KernelDistance, StandardErrorIsTheDeviationOverSubsets) {
  Rng rng(3);
  const auto a = torch::tensor({1., 2., 3., 4.}, torch::kDouble).unsqueeze(1);
  const auto b = torch::zeros({4, 1}, torch::kDouble);
  std::vector<double> values;
  for (int i = 1; i <= 4; ++i)
    for (int j = 1; j < i; ++j) values.push_back(std::pow(i * j + 1, 3) - 1);
  double mean = 0, second = 0, fourth = 0;
  for (const double v : values) mean += v / 6;
  for (const double v : values)
    second += std::pow(v - mean, 2) / 6, fourth += std::pow(v - mean, 4) / 6;
  const std::int64_t n = 2000;
  const double exact = std::sqrt(second / n),
               off = std::sqrt(fourth / (second * second) - 1) / (2 * std::sqrt(n));
  const auto found = kernel_distance(a, b, {.subsets = n, .subset_size = 2}, rng);
  EXPECT_NEAR(found.mean, mean, 5 * exact);
  EXPECT_NEAR(found.standard_error, exact, 5 * off * exact);
}

TEST(KernelDistance, IsZeroInTheMeanForOneLawAndThenOftenNegative) {
  Rng rng(4);
  const auto a = draws(rng, 4000, 5), b = draws(rng, 4000, 5);
  const auto found = kernel_distance(a, b, {.subsets = 80, .subset_size = 50}, rng);
  EXPECT_NEAR(found.mean, 0, 5 * found.standard_error);
  int negative = 0;
  for (int i = 0; i < 40; ++i)
    negative += kernel_distance(a, b, {.subsets = 1, .subset_size = 50}, rng).mean < 0;
  EXPECT_GT(negative, 0);
  EXPECT_LT(negative, 40);
}

// The pairs of a point with itself are counted between the sets only, so a set is nearer to itself
// than to others of its law: sum_ij k / (N(N-1)) of i != j, less sum_ij k / N^2, twice.
TEST(KernelDistance, OfASetWithItselfIsNegative) {
  Rng rng(5);
  const auto x = draws(rng, 20, 3);
  const double within = mean_kernel(x, x, true), all = mean_kernel(x, x, false);
  const auto found = kernel_distance(x, x, {}, rng);
  EXPECT_NEAR(found.mean, 2 * (within - all), 1e-10);
  EXPECT_LT(found.mean, 0);
}

TEST(KernelDistance, TakesFloatsAndGivesEqualSeedsEqualValues) {
  Rng rng(6), first(7), second(7);
  const auto a = rng.normal({50, 4}), b = rng.normal({60, 4});
  const KernelDistanceOptions options{.subsets = 5, .subset_size = 20};
  const auto found = kernel_distance(a, b, options, first);
  const auto again = kernel_distance(a.to(torch::kDouble), b.to(torch::kDouble), options, second);
  EXPECT_EQ(found.mean, again.mean);
  EXPECT_EQ(found.standard_error, again.standard_error);
}

TEST(KernelDistance, RefusesWhatHasNoPairs) {
  Rng rng(8);
  const auto x = torch::zeros({3, 2});
  EXPECT_EQ(message_of<ShapeError>([&] {
              kernel_distance(x, torch::zeros({3, 4}), {}, rng);
            }),
            "[kernel_distance] b must have shape [*, 2], got [3, 4]");
  EXPECT_EQ(message_of<ConfigError>([&] { kernel_distance(x, x.narrow(0, 0, 1), {}, rng); }),
            "[kernel_distance] needs at least 2 items of each set, got 3 and 1");
  EXPECT_EQ(message_of<ConfigError>([&] { kernel_distance(x, x, {.subset_size = 1}, rng); }),
            "[kernel_distance] subset_size must be at least 2, got 1");
  EXPECT_EQ(message_of<ConfigError>([&] { kernel_distance(x, x, {.subsets = 0}, rng); }),
            "[kernel_distance] subsets must be positive, got 0");
  const auto nan = torch::full({3, 2}, std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(message_of<ConfigError>([&] { kernel_distance(nan, x, {}, rng); }),
            "[kernel_distance] a must be finite");
}

}  // namespace
}  // namespace kiln
