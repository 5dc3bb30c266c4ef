#include "kiln/metrics/manifold_coverage.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kiln/core/rng.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

using Points = std::vector<std::vector<double>>;

Points points_of(const Tensor& x) {
  Points points;
  const auto numbers = x.to(torch::kDouble).contiguous();
  for (std::int64_t i = 0; i < x.size(0); ++i) {
    const auto* row = numbers.data_ptr<double>() + i * x.size(1);
    points.emplace_back(row, row + x.size(1));
  }
  return points;
}

double squared(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t f = 0; f < a.size(); ++f) sum += (a[f] - b[f]) * (a[f] - b[f]);
  return sum;
}

// Squared distance of each point to its k-th nearest other one.
std::vector<double> radii(const Points& points, std::int64_t k) {
  std::vector<double> found;
  for (std::size_t i = 0; i < points.size(); ++i) {
    std::vector<double> others;
    for (std::size_t j = 0; j < points.size(); ++j)
      if (j != i) others.push_back(squared(points[i], points[j]));
    std::sort(others.begin(), others.end());
    found.push_back(others[static_cast<std::size_t>(k - 1)]);
  }
  return found;
}

// Balls around `centres` that hold each of `points`.
std::vector<double> balls_around(const Points& points, const Points& centres, std::int64_t k) {
  const auto reach = radii(centres, k);
  std::vector<double> counts;
  for (const auto& point : points) {
    double count = 0;
    for (std::size_t i = 0; i < centres.size(); ++i)
      count += squared(point, centres[i]) <= reach[i];
    counts.push_back(count);
  }
  return counts;
}

double share_above_zero(const std::vector<double>& counts) {
  return static_cast<double>(counts.size() - static_cast<std::size_t>(
                                                 std::count(counts.begin(), counts.end(), 0))) /
         static_cast<double>(counts.size());
}

ManifoldCoverage by_hand(const Points& real, const Points& fake, const ManifoldCoverageOptions& o) {
  const auto around = balls_around(fake, real, o.coverage_k), reach = radii(real, o.coverage_k);
  double density = 0, covered = 0;
  for (const double count : around) density += count;
  for (std::size_t i = 0; i < real.size(); ++i)
    covered += std::any_of(fake.begin(), fake.end(),
                           [&](const auto& point) { return squared(point, real[i]) <= reach[i]; });
  return {.precision = share_above_zero(balls_around(fake, real, o.precision_k)),
          .recall = share_above_zero(balls_around(real, fake, o.precision_k)),
          .density = density / static_cast<double>(o.coverage_k * std::ssize(fake)),
          .coverage = covered / static_cast<double>(real.size())};
}

void expect_equal(const ManifoldCoverage& found, const ManifoldCoverage& wanted) {
  EXPECT_NEAR(found.precision, wanted.precision, 1e-12);
  EXPECT_NEAR(found.recall, wanted.recall, 1e-12);
  EXPECT_NEAR(found.density, wanted.density, 1e-12);
  EXPECT_NEAR(found.coverage, wanted.coverage, 1e-12);
}

TEST(ManifoldCoverage, EqualsCountingByHand) {
  Rng rng(1);
  for (const double shift : {0., 1., 2.})
    for (const auto& options : {ManifoldCoverageOptions{}, ManifoldCoverageOptions{7, 1}}) {
      const auto real = rng.normal({60, 3}), fake = rng.normal({45, 3}) * .8 + shift;
      expect_equal(manifold_coverage(real, fake, options),
                   by_hand(points_of(real), points_of(fake), options));
    }
}

// Points of a small lattice lie on the edges of many balls, and often on each other.  Shrunk to
// tenths or far from the origin no squared distance is exact any more; by hand the lattice itself
// is counted, in whole numbers.
TEST(ManifoldCoverage, WhatLiesOnTheEdgeOfABallIsInside) {
  Rng rng(2);
  for (int round = 0; round < 20; ++round) {
    const auto real = rng.integers(5, {50, 2}), fake = rng.integers(5, {40, 2}) + 1;
    const auto wanted = by_hand(points_of(real), points_of(fake), {});
    const auto tenths = [](const Tensor& x) { return x.to(torch::kDouble) * .1; };
    expect_equal(manifold_coverage(tenths(real), tenths(fake)), wanted);
    expect_equal(manifold_coverage(real + 1000, fake + 1000), wanted);
  }
}

// 2100 x 2100 pairs are more than one block.
TEST(ManifoldCoverage, BlocksOfRowsGiveWhatAllPairsGiveAtOnce) {
  Rng rng(3);
  const auto real = rng.normal({2100, 2}).to(torch::kDouble);
  const auto fake = rng.normal({2100, 2}).to(torch::kDouble) + .5;
  const auto apart = torch::cdist(real, fake, 2, /*compute_mode=*/2);  // by differences
  const auto reach = [](const Tensor& x, std::int64_t k) {  // k + 1: each lies nearest to itself
    return std::get<0>(torch::cdist(x, x, 2, 2).kthvalue(k + 1, 1));
  };
  const auto share = [](const Tensor& yes) { return yes.to(torch::kDouble).mean().item<double>(); };
  const auto near = apart.le(reach(real, 5).unsqueeze(1));
  expect_equal(manifold_coverage(real, fake),
               {.precision = share(apart.le(reach(real, 3).unsqueeze(1)).any(0)),
                .recall = share(apart.le(reach(fake, 3)).any(1)),
                .density = near.sum().item<double>() / (5 * 2100),
                .coverage = share(near.any(1))});
}

TEST(ManifoldCoverage, OfASetWithItselfIsComplete) {
  Rng rng(4);
  const auto x = rng.normal({50, 4}) + 10;
  const auto found = manifold_coverage(x, x);
  EXPECT_EQ(found.precision, 1);
  EXPECT_EQ(found.recall, 1);
  EXPECT_EQ(found.coverage, 1);
  EXPECT_NEAR(found.density, 6. / 5, 1e-12);  // each ball holds its centre and five others
}

TEST(ManifoldCoverage, OfSetsFarApartIsNone) {
  Rng rng(5);
  expect_equal(manifold_coverage(rng.normal({50, 4}), rng.normal({30, 4}) + 100), {});
}

// Every fake's ball is that one point.
TEST(ManifoldCoverage, OfOneRealItemRepeatedIsPreciseAndRecallsThatItem) {
  Rng rng(6);
  const auto real = rng.normal({40, 8}) + 3;
  const auto found = manifold_coverage(real, real.narrow(0, 17, 1).repeat({20, 1}));
  EXPECT_EQ(found.precision, 1);
  EXPECT_EQ(found.recall, 1. / 40);
}

TEST(ManifoldCoverage, SwappingTheSetsSwapsPrecisionAndRecall) {
  Rng rng(7);
  const auto a = rng.normal({80, 3}), b = rng.normal({60, 3}) * .5 + 1;
  const auto there = manifold_coverage(a, b), back = manifold_coverage(b, a);
  EXPECT_EQ(there.precision, back.recall);
  EXPECT_EQ(there.recall, back.precision);
  EXPECT_NE(there.precision, there.recall);
}

// A ball's owner is told from the others by nothing but chance: the k nearest of the N - 1 real and
// M fake items around it are all real with the chance (N-1)...(N-k) / ((N+M-1)...(N+M-k)).
double expected_coverage(double n, double m, int k) {
  double none = 1;
  for (int i = 1; i <= k; ++i) none *= (n - i) / (n + m - i);
  return 1 - none;
}

struct Spread {
  double mean = 0, error = 0;
};

Spread over_seeds(int seeds, const std::function<double(Rng&)>& value) {
  double sum = 0, squares = 0;
  for (int seed = 0; seed < seeds; ++seed) {
    Rng rng(static_cast<std::uint64_t>(seed), "coverage");
    const double v = value(rng);
    sum += v, squares += v * v;
  }
  const double mean = sum / seeds;
  return {mean, std::sqrt((squares / seeds - mean * mean) / (seeds - 1))};
}

TEST(ManifoldCoverage, OfOneLawHasTheExpectedCoverageWhateverTheLaw) {
  EXPECT_NEAR(expected_coverage(1000, 1000, 5), 0.968984140038212, 1e-15);
  const auto coverage = over_seeds(10, [](Rng& rng) {
    return manifold_coverage(rng.normal({1000, 2}), rng.normal({1000, 2})).coverage;
  });
  EXPECT_NEAR(coverage.mean, expected_coverage(1000, 1000, 5), 5 * coverage.error);
  EXPECT_LT(coverage.error, .003);
  const auto unequal = over_seeds(60, [](Rng& rng) {
    return manifold_coverage(rng.uniform({60, 3}), rng.uniform({90, 3}), {.coverage_k = 2})
        .coverage;
  });
  EXPECT_NEAR(unequal.mean, expected_coverage(60, 90, 2), 5 * unequal.error);
}

TEST(ManifoldCoverage, OfOneLawHasDensityOneInTheMean) {
  const auto density = over_seeds(100, [](Rng& rng) {
    return manifold_coverage(rng.normal({80, 3}), rng.normal({120, 3})).density;
  });
  EXPECT_NEAR(density.mean, 1, 5 * density.error);
  EXPECT_LT(density.error, .02);
}

TEST(ManifoldCoverage, RefusesSetsWithoutNeighbours) {
  const auto x = torch::zeros({6, 2});
  EXPECT_EQ(message_of<ConfigError>([&] { manifold_coverage(x, x.narrow(0, 0, 5)); }),
            "[manifold_coverage] needs more than k = 5 items of each set, got 6 real and 5 fake");
  EXPECT_EQ(message_of<ConfigError>([&] { manifold_coverage(x, x, {.precision_k = 0}); }),
            "[manifold_coverage] precision_k must be positive, got 0");
  EXPECT_EQ(message_of<ConfigError>([&] { manifold_coverage(x, x, {.coverage_k = -1}); }),
            "[manifold_coverage] coverage_k must be positive, got -1");
  EXPECT_EQ(message_of<ShapeError>([&] {
              manifold_coverage(x, torch::zeros({6, 3}));
            }),
            "[manifold_coverage] fake must have shape [*, 2], got [6, 3]");
  const auto nan = torch::full({6, 2}, std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(message_of<ConfigError>([&] { manifold_coverage(x, nan); }),
            "[manifold_coverage] fake must be finite");
}

}  // namespace
}  // namespace kiln
