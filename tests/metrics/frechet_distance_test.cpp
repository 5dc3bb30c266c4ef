#include "kiln/metrics/frechet_distance.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "kiln/core/rng.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

Tensor draws(Rng& rng, std::int64_t rows, std::int64_t columns) {
  return rng.normal({rows, columns}).to(torch::kDouble);
}

Tensor numbers(std::vector<double> values) { return torch::tensor(values, torch::kDouble); }

FeatureMoments moments_of(const Tensor& x) {
  FeatureMoments moments(x.size(1));
  moments.add(x);
  return moments;
}

double distance(const Tensor& a, const Tensor& b) {
  return frechet_distance(moments_of(a), moments_of(b));
}

// tr C of both sets: what the distance is exact in the measure of.
double traces(const Tensor& a, const Tensor& b) {
  return (a.var(0).sum() + b.var(0).sum()).item<double>();
}

// A set with just these moments: draws made white, then moved.
Tensor set_with(const Tensor& mean, const Tensor& covariance, Rng& rng) {
  const auto f = mean.size(0), n = 2 * f + 5;
  const auto x = draws(rng, n, f), centred = x - x.mean(0);
  const auto lower = at::linalg_cholesky(centred.t().mm(centred) / static_cast<double>(n - 1));
  const auto white = centred.mm(at::linalg_inv(lower).t());
  return white.mm(at::linalg_cholesky(covariance).t()) + mean;
}

Tensor rotation(std::int64_t size, Rng& rng) {
  return std::get<0>(at::linalg_qr(draws(rng, size, size)));
}

TEST(FrechetDistance, OfDiagonalLawsIsTheConstantByHand) {
  Rng rng(1);
  const auto a = set_with(numbers({0, 1}), torch::diag(numbers({1, 2})), rng);
  const auto b = set_with(numbers({.5, .2}), torch::diag(numbers({1.5, .5})), rng);
  EXPECT_NEAR(distance(a, b), 1.4405102572168222, 1e-12);
}

// In two dimensions tr sqrt(M) = sqrt(tr M + 2 sqrt(det M)).
TEST(FrechetDistance, OfLawsThatDoNotCommuteIsTheConstantByHand) {
  Rng rng(2);
  const auto a = set_with(numbers({3, 4}), numbers({2, .5, .5, 1}).view({2, 2}), rng);
  const auto b = set_with(numbers({3, 4}), numbers({1, -.3, -.3, 1.5}).view({2, 2}), rng);
  EXPECT_NEAR(distance(a, b), 0.4634711896064756, 1e-12);
}

TEST(FrechetDistance, OfIsotropicLawsIsTheSquaredDifferenceOfDeviations) {
  Rng rng(3);
  const auto zero = torch::zeros(6, torch::kDouble), one = torch::eye(6, torch::kDouble);
  for (const double deviation : {.1, 1., 3.})
    EXPECT_NEAR(
        distance(set_with(zero, one, rng), set_with(zero, one * deviation * deviation, rng)),
        6 * std::pow(1 - deviation, 2), 1e-10);
}

TEST(FrechetDistance, OfCovariancesThatCommuteIsThatOfTheirRoots) {
  Rng rng(4);
  const auto axes = rotation(8, rng), mean = torch::zeros(8, torch::kDouble);
  const auto p = draws(rng, 1, 8)[0].exp(), q = draws(rng, 1, 8)[0].exp();
  const auto law = [&](const Tensor& values) {
    return set_with(mean, (axes * values).mm(axes.t()), rng);
  };
  EXPECT_NEAR(distance(law(p), law(q)), (p.sqrt() - q.sqrt()).square().sum().item<double>(), 1e-10);
}

// The eigenvalues of the product itself, which is not symmetric.
TEST(FrechetDistance, EqualsThatByEigenvaluesOfTheProduct) {
  Rng rng(5);
  for (const std::int64_t f : {1, 2, 17, 60}) {
    const auto a = draws(rng, 3 * f + 5, f).mm(draws(rng, f, f)) + .3;
    const auto b = draws(rng, 2 * f + 5, f).mm(draws(rng, f, f));
    const auto cov_a = moments_of(a).covariance(), cov_b = moments_of(b).covariance();
    const auto roots = at::real(at::linalg_eigvals(cov_a.mm(cov_b)).sqrt()).sum();
    const auto wanted =
        (a.mean(0) - b.mean(0)).square().sum() + cov_a.trace() + cov_b.trace() - 2 * roots;
    EXPECT_NEAR(distance(a, b), wanted.item<double>(), 1e-10 * traces(a, b)) << f;
  }
}

TEST(FrechetDistance, OfASetWithItselfIsZero) {
  Rng rng(6);
  for (const std::int64_t items : {2, 10, 40, 41, 42, 200}) {  // of 40 features
    const auto x = draws(rng, items, 40).mm(draws(rng, 40, 40)) + 5;
    EXPECT_NEAR(distance(x, x), 0, 1e-10 * traces(x, x)) << items;
  }
}

// A chain of products halves the digits of small variances; here they go over twelve powers of ten,
// with features in rising, falling and turned order.
TEST(FrechetDistance, OfASetWithItselfIsZeroHoweverThinItIsSomewhere) {
  Rng rng(7);
  const auto deviations = torch::linspace(-6, 0, 60, torch::kDouble).exp2().pow(std::log2(10));
  const auto rising = draws(rng, 200, 60) * deviations;
  for (const auto& x : {rising, rising.flip({1}), rising.mm(rotation(60, rng))})
    EXPECT_NEAR(distance(x, x), 0, 1e-10 * traces(x, x));
}

TEST(FrechetDistance, OfAMovedSetIsTheSquaredShift) {
  Rng rng(8);
  const auto x = draws(rng, 30, 4);
  EXPECT_NEAR(distance(x, x + numbers({1, -2, 0, .5})), 5.25, 1e-12);
}

TEST(FrechetDistance, IsSymmetric) {
  Rng rng(9);
  for (const std::int64_t items : {8, 40}) {  // of 10 features
    const auto a = draws(rng, items, 10).mm(draws(rng, 10, 10)), b = draws(rng, 50, 10);
    EXPECT_NEAR(distance(a, b), distance(b, a), 1e-10 * traces(a, b));
  }
}

TEST(FrechetDistance, DoesNotChangeWhenBothSetsAreTurned) {
  Rng rng(10);
  const auto turn = rotation(10, rng);
  for (const std::int64_t items : {8, 40}) {
    const auto a = draws(rng, items, 10).mm(draws(rng, 10, 10)) + 1, b = draws(rng, items, 10);
    EXPECT_NEAR(distance(a.mm(turn), b.mm(turn)), distance(a, b), 1e-10 * traces(a, b));
  }
}

// Two points 2u apart have the covariance 2 u u^T, and tr (u u^T v v^T)^1/2 = |<u, v>|.
TEST(FrechetDistance, OfTwoLinesIsThatOfTheirDirections) {
  Rng rng(11);
  const auto u = draws(rng, 1, 7), v = draws(rng, 1, 7),
             w = v - u * ((u * v).sum() / u.square().sum());
  const auto line = [](const Tensor& x) { return torch::cat({x, -x}); };
  for (const auto& other : {v, w, -u}) {
    const auto wanted =
        2 * u.square().sum() + 2 * other.square().sum() - 4 * (u * other).sum().abs();
    EXPECT_NEAR(distance(line(u), line(other)), wanted.item<double>(),
                1e-10 * traces(line(u), line(other)));
  }
}

// tr (u u^T C)^1/2 = sqrt(u^T C u).
TEST(FrechetDistance, OfALineAndAFullLawIsTheClosedForm) {
  Rng rng(12);
  const auto u = draws(rng, 1, 7), full = draws(rng, 30, 7).mm(draws(rng, 7, 7));
  const auto line = torch::cat({u, -u});
  const auto covariance = moments_of(full).covariance();
  const auto wanted = full.mean(0).square().sum() + 2 * u.square().sum() + covariance.trace() -
                      2 * (2 * u.mm(covariance).mm(u.t())).sqrt().sum();
  EXPECT_NEAR(distance(line, full), wanted.item<double>(), 1e-10 * traces(line, full));
  EXPECT_NEAR(distance(full, line), wanted.item<double>(), 1e-10 * traces(line, full));
}

// Planes of 20 axes each, 10 of them shared, in 30 dimensions: each other axis adds its variance.
TEST(FrechetDistance, OfPlanesThatShareSomeAxesCountsTheOthers) {
  Rng rng(13);
  const auto zero = torch::zeros(20, torch::kDouble), one = torch::eye(20, torch::kDouble);
  const auto axes = rotation(30, rng);
  const auto a = set_with(zero, one, rng), b = set_with(zero, one, rng);
  EXPECT_NEAR(distance(a.mm(axes.narrow(0, 0, 20)), b.mm(axes.narrow(0, 10, 20))), 20, 1e-10 * 40);
  // Along the features themselves, where those outside a plane are constant.
  const auto pad = [](const Tensor& x, std::int64_t left, std::int64_t right) {
    return torch::constant_pad_nd(x, {left, right}, 1);
  };
  EXPECT_NEAR(distance(pad(a, 0, 10), pad(b, 10, 0)), 20 + 20, 1e-10 * 40);  // and of the means
  EXPECT_NEAR(distance(pad(a, 0, 20), pad(b, 20, 0)), 40 + 40, 1e-10 * 40);
}

// Rounding may leave a pivot of 1e-16 where a feature is the sum of two others: Cholesky's
// factorisation succeeds, and the root of its trace would be off by 1e-8.  In the plane the sum of
// the roots of two eigenvalues is sqrt(tr + 2 sqrt(det)).
TEST(FrechetDistance, OfFeaturesThatAreSumsOfOthersIsTheClosedForm) {
  const auto m = numbers({1, 0, .3, 0, 1, .7}).view({2, 3});  // the third is .3 and .7 of them
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Rng rng(seed);
    const auto a = draws(rng, 20, 2), b = draws(rng, 30, 2).mm(draws(rng, 2, 2));
    const auto inner = m.mm(m.t()), c_a = moments_of(a).covariance(),
               c_b = moments_of(b).covariance();
    const auto p = c_a.mm(inner).mm(c_b).mm(inner);
    const auto overlap = (p.trace() + 2 * at::linalg_det(p).sqrt()).sqrt();
    const auto x = a.mm(m), y = b.mm(m);
    const auto wanted = (x.mean(0) - y.mean(0)).square().sum() + traces(x, y) - 2 * overlap;
    EXPECT_NEAR(distance(x, y), wanted.item<double>(), 1e-10 * traces(x, y)) << seed;
  }
}

TEST(FrechetDistance, RefusesSetsThatDoNotFit) {
  const auto some = moments_of(torch::eye(3)), other = moments_of(torch::eye(4));
  EXPECT_EQ(message_of<ShapeError>([&] { frechet_distance(some, other); }),
            "[frechet_distance] the mean of b must have shape [3], got [4]");
  EXPECT_EQ(message_of<ConfigError>([&] { frechet_distance(some, FeatureMoments(3)); }),
            "[feature_moments] a covariance needs at least 2 items, got 0");
}

}  // namespace
}  // namespace kiln
