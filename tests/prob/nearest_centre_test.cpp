#include "kiln/prob/nearest_centre.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "kiln/core/rng.h"
#include "kiln/prob/squared_distances.h"
#include "tests/support/enumeration.h"

namespace kiln {
namespace {

Tensor normals(std::uint64_t seed, at::IntArrayRef shape) {
  Rng rng(seed);
  return rng.normal(shape).to(torch::kFloat64);
}

double inertia(const Tensor& x, const Tensor& centres) {
  return nearest_centre(x, centres).distance.sum().item<double>();
}

TEST(NearestCentre, AgreesWithAllPairs) {
  const auto x = normals(1, {50, 3}), c = normals(2, {7, 3});
  const auto pairs = (x.unsqueeze(1) - c.unsqueeze(0)).square().sum(2);
  for (const double offset : {0.0, 1e6}) {
    EXPECT_TRUE(torch::allclose(squared_distances(x + offset, c + offset), pairs, 0,
                                1e-13 + 1e-15 * offset));
    const auto near = nearest_centre(x + offset, c + offset);
    EXPECT_TRUE(torch::equal(near.index, pairs.argmin(1)));
    EXPECT_TRUE(
        torch::allclose(near.distance, std::get<0>(pairs.min(1)), 0, 1e-13 + 1e-15 * offset));
  }
  EXPECT_EQ(inertia(x, x), 0) << "exactly";
}

TEST(NearestCentre, SumsOfClusters) {
  const auto x = torch::tensor({{1., 2.}, {3., 4.}, {5., 6.}}, torch::kFloat64);
  const auto [counts, sums] = cluster_sums(x, torch::tensor({2, 0, 2}), 4);
  EXPECT_TRUE(torch::equal(counts, torch::tensor({1., 0., 2., 0.}, torch::kFloat64)));
  EXPECT_TRUE(
      torch::equal(sums, torch::tensor({{3., 4.}, {0., 0.}, {6., 8.}, {0., 0.}}, torch::kFloat64)));
}

// The law of three centres out of four points, written out.
TEST(PlusPlus, FollowsTheSquaredDistances) {
  const auto x = torch::tensor({{0.}, {2.}, {3.}, {6.}}, torch::kFloat64);
  auto p = torch::zeros({64}, torch::kFloat64);
  for (std::int64_t a = 0; a < 4; ++a) {
    const auto first = (x - x[a]).square().squeeze(1);
    for (std::int64_t b = 0; b < 4; ++b) {
      const auto second = torch::minimum(first, (x - x[b]).square().squeeze(1));
      const auto way = 0.25 * first[b] / first.sum();
      for (std::int64_t c = 0; c < 4; ++c)
        p[16 * a + 4 * b + c] = way * second[c] / second.sum().clamp_min(1e-300);
    }
  }
  EXPECT_NEAR(p.sum().item<double>(), 1, 1e-12);
  const std::int64_t draws = 6000;
  auto states = torch::empty({draws}, torch::kInt64);
  Philox random(3);
  for (std::int64_t i = 0; i < draws; ++i) {
    const auto at = nearest_centre(plus_plus(x, 3, random), x).index;
    states[i] = 16 * at[0] + 4 * at[1] + at[2];
  }
  const auto possible = p.gt(0).nonzero().squeeze(1);
  EXPECT_EQ(possible.size(0), 24);
  const auto place = torch::searchsorted(possible, states);
  EXPECT_TRUE(torch::equal(possible.index_select(0, place), states)) << "never a point twice";
  EXPECT_LT(std::abs(chi_square_excess(place, p.index_select(0, possible))), 5);
}

TEST(PlusPlus, KeepsItsPromiseOnTheMean) {
  const auto x = normals(4, {8, 2});
  double least = 1e9;  // of all 3^8 partitions
  for (std::int64_t code = 0; code < 6561; ++code) {
    auto index = torch::empty({8}, torch::kInt64);
    for (std::int64_t i = 0, rest = code; i < 8; ++i, rest /= 3) index[i] = rest % 3;
    const auto [counts, sums] = cluster_sums(x, index, 3);
    const auto means = sums / counts.clamp_min(1).unsqueeze(1);
    least = std::min(least, (x - means.index_select(0, index)).square().sum().item<double>());
  }
  Philox random(5);
  double sum = 0;
  for (int i = 0; i < 500; ++i) {
    const auto start = plus_plus(x, 3, random);
    const double refined = inertia(x, lloyd(x, start, 50));
    EXPECT_GE(refined, least - 1e-12);
    EXPECT_LE(refined, inertia(x, start));
    sum += inertia(x, start);
  }
  EXPECT_LE(sum / 500, 8 * (std::log(3.0) + 2) * least);
}

TEST(PlusPlus, MoreCentresThanDifferentPointsRepeatThem) {
  const auto x = torch::tensor({{1.}, {1.}, {2.}}, torch::kFloat64);
  Philox random(6);
  const auto centres = plus_plus(x, 5, random);
  EXPECT_EQ(centres.sizes(), (std::vector<std::int64_t>{5, 1}));
  EXPECT_EQ(inertia(x, centres), 0);
}

TEST(Lloyd, EndsWhereEveryCentreIsTheMeanOfItsPoints) {
  const auto x = normals(7, {60, 2});
  Philox random(8);
  auto start = plus_plus(x, 5, random);
  start = torch::cat({start, torch::full({1, 2}, 99.0, torch::kFloat64)});  // never the nearest
  const auto centres = lloyd(x, start, 100);
  const auto index = nearest_centre(x, centres).index;
  for (std::int64_t k = 0; k < 5; ++k)
    EXPECT_TRUE(torch::allclose(x.index({index == k}).mean(0), centres[k], 0, 1e-14)) << k;
  EXPECT_EQ(centres[5][0].item<double>(), 99);
  EXPECT_TRUE(torch::equal(lloyd(x, start, 0), start));
}

}  // namespace
}  // namespace kiln
