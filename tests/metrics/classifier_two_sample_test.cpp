#include "kiln/metrics/classifier_two_sample.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <limits>

#include "tests/support/p_values.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

Tensor normals(Rng& rng, std::int64_t rows, std::int64_t columns) {
  return rng.normal({rows, columns}).to(torch::kFloat64);
}

double phi(double z) { return std::exp(-z * z / 2) / std::sqrt(2 * M_PI); }

// int_z^(z + 12) of the normal density by the trapezoid rule: an error of h^2 / 12 phi'(z) < 1e-9.
double upper_tail(double z) {
  const double h = 1e-4;
  double sum = phi(z) / 2;
  for (int i = 1; i < 120000; ++i) sum += phi(z + i * h);
  return sum * h;
}

// Within five standard errors of what the best classifier has, and no better.
void expect_near_the_best(const ClassifierTwoSample& found, double best) {
  const double error = std::sqrt(best * (1 - best) / static_cast<double>(found.held_out));
  EXPECT_NEAR(found.accuracy, best, 5 * error);
  EXPECT_LT(found.p_value, 1e-6);
}

// P(p <= a) is that of a binomial count at each atom, which differs from the normal law by half an
// atom, at most .4 / sqrt(n), as p is taken without a correction for that; Kolmogorov's 1.63 /
// sqrt(200) comes on top.
TEST(ClassifierTwoSample, UnderEqualLawsPValuesAreUniformUpToTheirSteps) {
  Rng rng(1);
  std::vector<double> p_values, atoms;
  for (int run = 0; run < 200; ++run) {
    const auto found = classifier_two_sample(normals(rng, 100, 2), normals(rng, 100, 2),
                                             {.hidden = 4, .iterations = 4}, rng);
    ASSERT_EQ(found.held_out, 100);
    p_values.push_back(found.p_value);
  }
  for (int right = 0; right <= 100; ++right)
    atoms.push_back(.5 * std::erfc(2 * 10 * (right / 100.0 - .5) / std::sqrt(2)));
  EXPECT_LT(distance_from_uniform(p_values, atoms), 1.63 / std::sqrt(200) + .4 / 10);
}

TEST(ClassifierTwoSample, TellsShiftedNormalsAsOftenAsCanBe) {
  Rng rng(2);
  const double shift = 1, best = .5 * std::erfc(-shift / 2 / std::sqrt(2));  // Phi(shift / 2)
  expect_near_the_best(
      classifier_two_sample(normals(rng, 4000, 1), shift + normals(rng, 4000, 1), {}, rng), best);
}

// N(0, 1) is the likelier of the two within |x| < c, c^2 = (8/3) ln 2.
TEST(ClassifierTwoSample, SeesAVariance) {
  Rng rng(3);
  const double c = std::sqrt(8 * std::log(2) / 3);
  const double total_variation = std::erf(c / std::sqrt(2)) - std::erf(c / std::sqrt(8));
  expect_near_the_best(
      classifier_two_sample(normals(rng, 4000, 1), 2 * normals(rng, 4000, 1), {}, rng),
      .5 + total_variation / 2);
}

// With one unit the logit rises or falls with x: no threshold parts N(0, 1) and N(0, 4) better than
// c, where it is right for 1/2 + (Phi(c) - Phi(c / 2)) / 2 = .58 of the items.
TEST(ClassifierTwoSample, OneUnitIsAThreshold) {
  Rng rng(3);
  const double c = std::sqrt(8 * std::log(2) / 3);
  const double best = .5 + (std::erf(c / std::sqrt(2)) - std::erf(c / std::sqrt(8))) / 4;
  const auto found =
      classifier_two_sample(normals(rng, 4000, 1), 2 * normals(rng, 4000, 1), {.hidden = 1}, rng);
  EXPECT_LT(found.accuracy, best + 5 * std::sqrt(best * (1 - best) / 4000));
}

// The least loss then has no weights; the bias, which is not penalised, calls all items the same.
TEST(ClassifierTwoSample, AHeavyPenaltyLeavesNothingToTellBy) {
  Rng rng(10);
  const auto x = normals(rng, 200, 1), y = 3 + normals(rng, 200, 1);
  EXPECT_GT(classifier_two_sample(x, y, {}, rng).accuracy, .85);
  EXPECT_LT(classifier_two_sample(x, y, {.l2 = 10}, rng).accuracy, .75);
}

// Both coordinates are N(0, 1) in both laws.  The larger of the two densities, halved, is summed
// over a grid.
TEST(ClassifierTwoSample, SeesACorrelation) {
  Rng rng(4);
  const double rho = .8, left = std::sqrt(1 - rho * rho), h = .05;
  double best = 0;
  for (double u = -6; u < 6; u += h)
    for (double v = -6; v < 6; v += h)
      best += h * h / 2 * phi(u) * std::max(phi(v), phi((v - rho * u) / left) / left);
  const auto x = normals(rng, 4000, 2), y = normals(rng, 4000, 2);
  const auto u = y.select(1, 0);
  expect_near_the_best(
      classifier_two_sample(x, torch::stack({u, rho * u + left * y.select(1, 1)}, 1), {}, rng),
      best);
}

// 40 numbers and 60 training items: what it trains on it knows by heart.
TEST(ClassifierTwoSample, IsJudgedByWhatItHasNotSeen) {
  Rng rng(5);
  const auto x = normals(rng, 60, 40), y = normals(rng, 60, 40);
  const auto found = classifier_two_sample(x, y, {}, rng);
  EXPECT_NEAR(found.accuracy, .5, 5 * .5 / std::sqrt(60));
  EXPECT_GT(classifier_two_sample(torch::cat({x, x}), torch::cat({y, y}), {}, rng).accuracy, .75)
      << "a copy of most items is in both halves";
}

TEST(ClassifierTwoSample, ThePValueIsTheNormalTailOfTheAccuracy) {
  Rng rng(6);
  const auto y = normals(rng, 100, 1);
  for (const double shift : {0., .3, .6}) {
    const auto found = classifier_two_sample(normals(rng, 100, 1), shift + y, {}, rng);
    EXPECT_NEAR(found.p_value, upper_tail(2 * std::sqrt(100) * (found.accuracy - .5)), 1e-8);
  }
}

// 9 of each: 4 train, 5 do not.
TEST(ClassifierTwoSample, TakesAsManyOfTheLargerSampleAsTheSmallerHas) {
  Rng rng(7);
  const auto few = normals(rng, 9, 1), many = normals(rng, 5000, 1);
  EXPECT_EQ(classifier_two_sample(few, many, {}, rng).held_out, 10);
  EXPECT_EQ(classifier_two_sample(many, few, {}, rng).held_out, 10);
  EXPECT_LT(classifier_two_sample(many.narrow(0, 0, 100), many, {}, rng).accuracy, .75)
      << "guessing the larger sample would be right 49 times in 50";
}

TEST(ClassifierTwoSample, UnitsDoNotMatter) {
  Rng rng(8);
  const auto x = normals(rng, 100, 2), y = .8 + normals(rng, 100, 2);
  auto a = rng, b = rng;
  const auto scale = torch::tensor({1e3, 1e-3}, torch::kFloat64);
  const auto own = classifier_two_sample(x, y, {}, a),
             scaled = classifier_two_sample(x * scale - 7, y * scale - 7, {}, b);
  EXPECT_NEAR(own.accuracy, scaled.accuracy, .011) << "one item on the border may be rounded over";
  EXPECT_LT(own.p_value, .01);
}

TEST(ClassifierTwoSample, RefusesWhatDoesNotFit) {
  Rng rng(9);
  const auto x = torch::zeros({4, 3});
  const auto refusal = [&](const Tensor& y, const ClassifierTwoSampleOptions& options) {
    return message_of([&] { classifier_two_sample(x, y, options, rng); });
  };
  EXPECT_EQ(refusal(torch::zeros({4, 2}), {}),
            "[classifier_two_sample] y must have shape [*, 3], got [4, 2]");
  EXPECT_EQ(refusal(x.narrow(0, 0, 1), {}),
            "[classifier_two_sample] x and y need at least 2 rows each, got 4 and 1");
  EXPECT_EQ(refusal(x, {.hidden = 0}), "[classifier_two_sample] hidden must be positive, got 0");
  EXPECT_EQ(refusal(x, {.iterations = 0}),
            "[classifier_two_sample] iterations must be positive, got 0");
  EXPECT_EQ(refusal(x, {.l2 = -1}), "[classifier_two_sample] l2 must not be negative, got -1");
  EXPECT_EQ(refusal(x + std::numeric_limits<float>::infinity(), {}),
            "[classifier_two_sample] y must be finite, got inf at sample 0, number 0; leave such "
            "items out of the data");
}

}  // namespace
}  // namespace kiln
