#include "kiln/metrics/relative_support.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "kiln/core/rng.h"

namespace kiln {
namespace {

constexpr std::int64_t kItems = 500;

// `groups` of eight far corners of a circle, each a small cloud of this deviation.
Tensor ring(std::int64_t groups, double deviation, Rng& rng) {
  const auto angle = rng.integers(groups, {kItems}) * (2 * std::acos(-1.) / 8);
  return torch::stack({2 * angle.cos(), 2 * angle.sin()}, 1) + deviation * rng.normal({kItems, 2});
}

// Pairs within r are about 1 % of 124750, so a count has a relative error of a few per cent: pairs
// share items, and the error is below 2 sqrt(2 / 500) + 1 / sqrt(1247) = 0.16.
TEST(RelativeSupport, IsOneForSamplesOfTheSameLaw) {
  Rng rng(1);
  const auto data = ring(8, .02, rng);
  for (int i = 0; i < 5; ++i) EXPECT_NEAR(relative_support(ring(8, .02, rng), data), 1, .32);
  EXPECT_EQ(relative_support(data, data), 1);
}

TEST(RelativeSupport, CountsTheGroupsThatAreMade) {
  Rng rng(2);
  const auto data = ring(8, .02, rng);
  for (const std::int64_t groups : {1, 2, 4}) {
    const double expected = static_cast<double>(groups) / 8;
    EXPECT_NEAR(relative_support(ring(groups, .02, rng), data), expected, .32 * expected);
  }
}

TEST(RelativeSupport, SeesSamplesThatAreTooAlikeOrTooWide) {
  Rng rng(3);
  const auto data = ring(8, .02, rng);
  EXPECT_LT(relative_support(ring(8, .002, rng), data), .15);
  EXPECT_GT(relative_support(rng.normal({kItems, 2}) * 3, data), 3);
  EXPECT_NEAR(relative_support(torch::zeros({kItems, 2}), data), .01, 1e-4);  // every pair equal
}

// Data of five points alone: a fifth of the pairs is equal, and samples of that law are the data's
// equal; one of the points, with noise or without, holds a fifth of them.
TEST(RelativeSupport, KnowsDataThatRepeatItems) {
  Rng rng(5);
  const auto points = rng.normal({5, 7});
  const auto drawn = [&] { return points.index_select(0, rng.integers(5, {kItems})); };
  const auto data = drawn();
  EXPECT_NEAR(relative_support(drawn(), data), 1, .1);
  EXPECT_NEAR(relative_support(points[2].expand({kItems, 7}), data), .2, .02);
  EXPECT_NEAR(relative_support(points[2] + .01 * rng.normal({kItems, 7}), data), .2, .02);
  EXPECT_GT(relative_support(torch::zeros({kItems, 2}), torch::zeros({kItems, 2})), .99);
}

TEST(RelativeSupport, TakesImages) {
  Rng rng(4);
  const auto x = rng.uniform({40, 1, 4, 4});
  EXPECT_EQ(relative_support(x, x.flatten(1)), 1);
}

}  // namespace
}  // namespace kiln
