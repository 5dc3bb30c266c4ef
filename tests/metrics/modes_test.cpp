#include "kiln/metrics/modes.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "kiln/core/rng.h"

namespace kiln {
namespace {

const Tensor kCorners = torch::tensor({{0., 0.}, {10., 0.}, {0., 10.}, {10., 10.}});

TEST(ModeCoverage, OfTheTrueLawIsTheKnownShare) {
  Rng rng(1);
  const std::int64_t n = 20000;
  const auto which = rng.integers(4, {n});
  const auto samples = kCorners.index_select(0, which) + .5 * rng.normal({n, 2});
  const auto found = mode_coverage(samples, kCorners, .5);
  const double share = 1 - std::exp(-4.5);
  EXPECT_EQ(found.modes, 4);
  EXPECT_EQ(found.covered, 4);
  EXPECT_NEAR(found.high_quality, share, 5 * std::sqrt(share * (1 - share) / n));
  EXPECT_NEAR(found.reverse_kl, 3. / (2 * n), 5 * 3. / (2 * n));
}

TEST(ModeCoverage, CountsByHand) {
  const auto samples =
      torch::tensor({{0., 0.}, {0., 1.4}, {0., 1.6}, {10., .2}, {5., 5.}, {.3, -.3}});
  const auto found = mode_coverage(samples, kCorners, .5);
  EXPECT_EQ(found.counts, (std::vector<std::int64_t>{3, 1, 0, 0}));
  EXPECT_EQ(found.covered, 2);
  EXPECT_NEAR(found.high_quality, 4. / 6, 1e-15);
  EXPECT_NEAR(found.reverse_kl, .75 * std::log(3.) + .25 * std::log(1.), 1e-14);
}

TEST(ModeCoverage, OneModeAndNone) {
  EXPECT_NEAR(mode_coverage(torch::zeros({9, 2}), kCorners, 1).reverse_kl, std::log(4.), 1e-14);
  const auto none = mode_coverage(torch::full({9, 2}, 5.), kCorners, 1);
  EXPECT_EQ(none.covered, 0);
  EXPECT_EQ(none.high_quality, 0);
  EXPECT_TRUE(std::isnan(none.reverse_kl));
}

// n even draws of K modes see K (1 - (1 - 1/K)^n) of them and have a KL of (K - 1) / (2n).
TEST(ModeCoverage, OfRecognisedModesCountsThemAll) {
  Rng rng(2);
  const std::int64_t modes = 1000, n = 5000;
  const auto found = mode_coverage(rng.integers(modes, {n}), modes);
  const double unseen = modes * std::pow(1 - 1. / modes, n);
  EXPECT_NEAR(static_cast<double>(found.covered), modes - unseen, 5 * std::sqrt(unseen));
  EXPECT_EQ(found.high_quality, 1);
  EXPECT_NEAR(found.reverse_kl, 999. / (2 * n), .15 * 999 / (2 * n));
  // Pairs of one mode: n (n - 1) / (2 K) in expectation, with a relative error of sqrt(2 K) / n.
  EXPECT_NEAR(found.birthday, modes, 5 * std::sqrt(2. * modes) / n * modes);
  const auto one = mode_coverage(torch::full({7}, 3, torch::kInt64), 10);
  EXPECT_NEAR(one.reverse_kl, std::log(10.), 1e-14);
  EXPECT_EQ(one.birthday, 1);
}

// Of N equally likely items S draws have S (S - 1) / (2 N) equal pairs in expectation.
TEST(BirthdaySupport, OfEvenItemsIsTheirNumber) {
  Rng rng(3);
  const std::int64_t items = 500, draws = 400;
  const auto x = rng.integers(items, {draws});
  const auto equal = (x.unsqueeze(0) == x.unsqueeze(1)).sum().item<std::int64_t>() - draws;
  const double pairs = draws * (draws - 1) / 2., expected = pairs / items;
  EXPECT_NEAR(static_cast<double>(equal) / 2, expected, 5 * std::sqrt(expected));
  EXPECT_EQ(birthday_support(draws, 10), pairs / 10);
  EXPECT_TRUE(std::isinf(birthday_support(draws, 0)));
}

}  // namespace
}  // namespace kiln
