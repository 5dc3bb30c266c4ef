#include "kiln/prob/mmd.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "kiln/core/rng.h"
#include "kiln/prob/squared_distances.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

Tensor draws(Rng& rng, std::int64_t rows, std::int64_t columns) {
  return rng.normal({rows, columns}).to(torch::kDouble);
}

// The definition, pair by pair.
double by_hand(const Kernel& kernel, const Tensor& a, const Tensor& b, bool unbiased) {
  const auto k = [&](const Tensor& x, std::int64_t i, const Tensor& y, std::int64_t j) {
    return kernel(x.narrow(0, i, 1), y.narrow(0, j, 1)).item<double>();
  };
  const auto within = [&](const Tensor& x) {
    const auto n = x.size(0);
    double sum = 0;
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < n; ++j)
        if (!unbiased || i != j) sum += k(x, i, x, j);
    return sum / static_cast<double>(unbiased ? n * (n - 1) : n * n);
  };
  double across = 0;
  for (std::int64_t i = 0; i < a.size(0); ++i)
    for (std::int64_t j = 0; j < b.size(0); ++j) across += k(a, i, b, j);
  return within(a) + within(b) - 2 * across / static_cast<double>(a.size(0) * b.size(0));
}

TEST(Mmd, EqualsItsDefinitionPairByPair) {
  Rng rng(1);
  const auto a = draws(rng, 5, 3), b = draws(rng, 7, 3) + .5;
  for (const auto& kernel : {rbf_kernel(1.3), imq_kernel(6), linear_kernel(), distance_kernel()}) {
    EXPECT_NEAR(mmd2_unbiased(kernel, a, b).item<double>(), by_hand(kernel, a, b, true), 1e-12);
    EXPECT_NEAR(mmd2_biased(kernel, a, b).item<double>(), by_hand(kernel, a, b, false), 1e-12);
  }
}

TEST(Mmd, KernelsAreTheirFormulas) {
  const auto a = torch::tensor({{0., 1.}}, torch::kDouble),
             b = torch::tensor({{2., 3.}}, torch::kDouble);
  EXPECT_NEAR(squared_distances(a, b).item<double>(), 8, 1e-12);
  EXPECT_NEAR(rbf_kernel(2)(a, b).item<double>(), std::exp(-1), 1e-12);
  EXPECT_NEAR(imq_kernel(4, {.5, 2})(a, b).item<double>(), 2. / 10 + 8. / 16, 1e-12);
  EXPECT_NEAR(imq_kernel(4)(a, a).item<double>(), 7, 1e-12);
  EXPECT_NEAR(rbf_kernel(.1)(a, a).item<double>(), 1, 1e-12);
  EXPECT_NEAR(linear_kernel()(a, b).item<double>(), 3, 1e-12);
  EXPECT_NEAR(distance_kernel()(a, b).item<double>(), -std::sqrt(8), 1e-15);
}

// Far from the origin the expanded square |a|^2 - 2 <a, b> + |b|^2 would be rounded to anything
// below 1e-4.
TEST(Mmd, DistancesOfEqualRowsAreZero) {
  Rng rng(8);
  const auto a = 1e4 + draws(rng, 30, 3);
  EXPECT_TRUE(distance_kernel()(a, a).diagonal().eq(0).all().item<bool>());
  EXPECT_EQ(mmd2_biased(distance_kernel(), a.narrow(0, 0, 1), a.narrow(0, 0, 1)).item<double>(), 0);
}

TEST(Mmd, TheMedianDistanceIsTheLowerOfPairsThatDiffer) {
  const auto x = torch::tensor({{0.}, {1.}, {3.}, {-2.}}, torch::kDouble);
  EXPECT_EQ(median_distance(x.narrow(0, 0, 3)), 2);  // 1, 2, 3
  EXPECT_EQ(median_distance(x), 2);                  // 1, 2, 2, 3, 3, 5
  EXPECT_EQ(median_distance(torch::cat({x.narrow(0, 0, 2), x.narrow(0, 0, 1).repeat({9, 1})})), 1);
  EXPECT_EQ(median_distance(x.narrow(0, 0, 1).repeat({5, 1})), 1);
  EXPECT_EQ(message_of([] { median_distance(torch::zeros(3)); }),
            "[median_distance] x must have shape [*, *], got [3]");
}

TEST(Mmd, OfTheLinearKernelIsTheSquaredDistanceOfTheMeans) {
  Rng rng(2);
  const auto a = draws(rng, 40, 4), b = draws(rng, 30, 4) + 1;
  const auto wanted = (a.mean(0) - b.mean(0)).square().sum().item<double>();
  EXPECT_NEAR(mmd2_biased(linear_kernel(), a, b).item<double>(), wanted, 1e-12);
}

TEST(Mmd, BiasedIsNeverBelowZeroAndZeroForOneSample) {
  Rng rng(3);
  for (int i = 0; i < 50; ++i) {
    const auto a = draws(rng, 6, 2), b = draws(rng, 9, 2);
    EXPECT_GT(mmd2_biased(imq_kernel(4), a, b).item<double>(), 0);
    EXPECT_NEAR(mmd2_biased(imq_kernel(4), a, a).item<double>(), 0, 1e-12);
    EXPECT_GT(mmd2_biased(distance_kernel(), a, b).item<double>(), 0);
  }
}

struct Spread {
  double mean, error, least;
};

Spread repeated(int times, const std::function<double()>& value) {
  double sum = 0, squares = 0, least = INFINITY;
  for (int i = 0; i < times; ++i) {
    const double v = value();
    sum += v, squares += v * v, least = std::min(least, v);
  }
  const double mean = sum / times;
  return {mean, std::sqrt((squares / times - mean * mean) / (times - 1)), least};
}

TEST(Mmd, UnbiasedHasMeanZeroUnderEqualLaws) {
  Rng rng(4);
  for (const auto& kernel : {rbf_kernel(1), imq_kernel(4)}) {
    const auto found = repeated(1500, [&] {
      return mmd2_unbiased(kernel, draws(rng, 12, 2), draws(rng, 15, 2)).item<double>();
    });
    EXPECT_NEAR(found.mean, 0, 5 * found.error);
    EXPECT_LT(found.least, 0);
  }
}

// N(0, 1) against N(1, 4) under exp(-d^2 / 2): E k of two normals is (1 + v)^-1/2 exp(-m^2 / 2(1 +
// v)) with v the sum of their variances and m the distance of their means.
TEST(Mmd, OfTwoGaussiansIsTheClosedForm) {
  const auto k = [](double v, double m) {
    return std::exp(-m * m / (2 * (1 + v))) / std::sqrt(1 + v);
  };
  const double wanted = k(2, 0) + k(8, 0) - 2 * k(5, 1);
  EXPECT_NEAR(wanted, 0.15947048367646544, 1e-15);
  Rng rng(5);
  const auto found = repeated(600, [&] {
    return mmd2_unbiased(rbf_kernel(1), draws(rng, 60, 1), 1 + 2 * draws(rng, 60, 1))
        .item<double>();
  });
  EXPECT_NEAR(found.mean, wanted, 5 * found.error);
}

// 1800 x 2400 pairs are more than one block of rows.
TEST(Mmd, BlocksOfRowsGiveWhatAllPairsGiveAtOnce) {
  Rng rng(6);
  const auto a = draws(rng, 1800, 2), b = draws(rng, 2400, 2) + .1;
  const auto pairs = [&](const Tensor& x, const Tensor& y) { return rbf_kernel(1)(x, y); };
  const double n = 1800, m = 2400;
  const auto aa = pairs(a, a), bb = pairs(b, b);
  const auto wanted = (aa.sum() - aa.diagonal().sum()) / (n * (n - 1)) +
                      (bb.sum() - bb.diagonal().sum()) / (m * (m - 1)) -
                      2 * pairs(a, b).sum() / (n * m);
  EXPECT_NEAR(mmd2_unbiased(rbf_kernel(1), a, b).item<double>(), wanted.item<double>(), 1e-12);
}

TEST(Mmd, GradientEqualsFiniteDifferences) {
  Rng rng(7);
  auto a = draws(rng, 5, 2);
  const auto b = draws(rng, 6, 2) + .3;
  const auto f = [&] { return mmd2_unbiased(imq_kernel(4), a, b); };
  a.requires_grad_();
  const auto slope = torch::autograd::grad({f()}, {a})[0];
  torch::NoGradGuard no_grad;
  for (std::int64_t i = 0; i < 5; ++i) {
    const auto centre = a[i][1].item<double>();
    a[i][1] = centre + 1e-5;
    const auto above = f().item<double>();
    a[i][1] = centre - 1e-5;
    const auto below = f().item<double>();
    a[i][1] = centre;
    EXPECT_NEAR((above - below) / 2e-5, slope[i][1].item<double>(), 1e-8);
  }
}

TEST(Mmd, RefusesSamplesThatDoNotFit) {
  const auto a = torch::zeros({3, 2}), b = torch::zeros({3, 4});
  EXPECT_EQ(message_of([&] { mmd2_unbiased(linear_kernel(), a, b); }),
            "[mmd2_unbiased] b must have shape [*, 2], got [3, 4]");
  EXPECT_EQ(message_of([&] { mmd2_unbiased(linear_kernel(), a, a.narrow(0, 0, 1)); }),
            "[mmd2_unbiased] needs at least 2 rows of each sample, got 3 and 1");
}

}  // namespace
}  // namespace kiln
