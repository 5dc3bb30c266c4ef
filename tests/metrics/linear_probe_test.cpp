#include "kiln/metrics/linear_probe.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "kiln/core/rng.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

Tensor normal(std::int64_t rows, std::int64_t size, std::uint64_t seed) {
  Rng rng(seed, "probe");
  return rng.normal({rows, size}).to(torch::kFloat64);
}

Tensor classes_of(std::int64_t rows, std::int64_t classes, std::uint64_t seed) {
  Rng rng(seed, "classes");
  return rng.integers(classes, {rows});
}

// Class c lies about 3 times the c-th axis.
struct Blobs {
  Tensor x, y;
};
Blobs blobs(std::int64_t rows, std::uint64_t seed, double noise = 0.3) {
  const auto y = classes_of(rows, 3, seed);
  return {3 * torch::one_hot(y, 4).to(torch::kFloat64) + noise * normal(rows, 4, seed), y};
}

double value_at(const Tensor& weight, const Blobs& data, double l2) {
  return logistic_loss(weight, data.x, data.y, l2).value.item<double>();
}

TEST(LinearProbe, TheGradientIsTheSlopeOfTheLoss) {
  const auto data = blobs(12, 1);
  const auto weight = normal(3, 5, 2);
  const auto gradient = logistic_loss(weight, data.x, data.y, 0.7).gradient;
  const double step = 1e-6;
  for (std::int64_t k = 0; k < 3; ++k)
    for (std::int64_t f = 0; f < 5; ++f) {
      auto up = weight.clone(), down = weight.clone();
      up[k][f] += step, down[k][f] -= step;
      const double slope = (value_at(up, data, 0.7) - value_at(down, data, 0.7)) / (2 * step);
      EXPECT_NEAR(gradient[k][f].item<double>(), slope, 1e-8) << k << " " << f;
    }
}

TEST(LinearProbe, TheLossByHand) {
  // W x + b = (1, 0) for the only item, of class 1: log(1 + e); the bias is not penalised.
  const auto weight = torch::tensor({{1.0, -1.0}, {0.0, 0.0}}, torch::kFloat64);
  const auto x = torch::tensor({{2.0}}, torch::kFloat64);
  const auto loss = logistic_loss(weight, x, torch::tensor({1}), 4);
  EXPECT_NEAR(loss.value.item<double>(), std::log1p(std::exp(1.0)) + 2, 1e-12);
}

TEST(LinearProbe, TheFitHasNoSlopeAndSeparatesWhatCanBeSeparated) {
  const auto data = blobs(60, 3);
  const auto weight = fit_logistic(data.x, data.y, 3, 1e-2);
  const auto slope = logistic_loss(weight, data.x, data.y, 1e-2).gradient;
  EXPECT_LT(slope.abs().max().item<double>(), 1e-7);
  const LinearProbe probe{scale_of_items("test", data.x), weight, 1e-2};
  const auto x = scale_of_items("test", data.x).own_units(data.x);
  EXPECT_EQ(accuracy(probe.predict(x), data.y), 1);
}

TEST(LinearProbe, AStartDoesNotMoveTheEnd) {
  const auto data = blobs(40, 4);
  const auto cold = fit_logistic(data.x, data.y, 3, 0.1);
  const auto warm = fit_logistic(data.x, data.y, 3, 0.1, normal(3, 5, 5));
  EXPECT_LT((cold - warm).select(1, 0).abs().max().item<double>(), 1e-5);
}

TEST(LinearProbe, StandardisingUsesTheItemsGivenAndLeavesConstantsFinite) {
  const auto x = torch::tensor({{1.0, 5.0}, {3.0, 5.0}}, torch::kFloat64);
  const auto scale = scale_of_items("test", x);
  const auto other = scale.standard(torch::tensor({{4.0, 6.0}}, torch::kFloat64));
  EXPECT_EQ(other[0][0].item<double>(), 2);  // (4 - 2) / 1
  EXPECT_EQ(other[0][1].item<double>(), 1);  // only shifted
}

TEST(LinearProbe, WhatTestItemsAreLikeChangesNothing) {
  const auto fit = blobs(30, 6), apart = blobs(9, 7), test = blobs(20, 8);
  const auto probe = fit_linear_probe(fit.x, fit.y, apart.x, apart.y, 3).on_all;
  const auto mean = torch::cat({fit.x, apart.x}).mean(0);
  EXPECT_LT((probe.scale.shift - mean).abs().max().item<double>(), 1e-12);
  const auto alone = probe.logits(test.x);
  const auto together = probe.logits(torch::cat({test.x, 1000 * test.x + 77}));
  EXPECT_TRUE(torch::allclose(alone, together.narrow(0, 0, 20), 1e-12, 1e-12));
  EXPECT_GT(accuracy(probe.predict(test.x), test.y), 0.95);
}

// The choice is made on the held-out items, with a fit that has not seen them: where these agree
// with the others a sharp classifier is best, where they contradict it a blunt one.
TEST(LinearProbe, TheStrengthIsTheBestOfTheHeldOutItems) {
  for (const bool contradicting : {false, true}) {
    const auto fit = blobs(30, 9);
    auto apart = blobs(30, 10);
    if (contradicting) apart.y = (apart.y + 1) % 3;
    const auto probe = fit_linear_probe(fit.x, fit.y, apart.x, apart.y, 3).on_all;
    const auto scale = scale_of_items("test", fit.x);
    double least = 1e9, best = 0;
    for (int power = 1; power >= -6; --power) {
      const double l2 = std::pow(10.0, power);
      const auto weight = fit_logistic(scale.standard(fit.x), fit.y, 3, l2);
      const double loss =
          logistic_loss(weight, scale.standard(apart.x), apart.y, 0).value.item<double>();
      if (loss < least) least = loss, best = l2;
    }
    EXPECT_EQ(probe.l2, best);
    EXPECT_EQ(best, contradicting ? 10 : 1e-6);
  }
}

TEST(LinearProbe, TheLastFitHasSeenTheHeldOutItems) {
  const auto fit = blobs(30, 11, 3), apart = blobs(30, 12, 3);  // no line separates these
  const auto probe = fit_linear_probe(fit.x, fit.y, apart.x, apart.y, 3).on_all;
  const auto x = probe.scale.standard(torch::cat({fit.x, apart.x}));
  const auto slope =
      logistic_loss(probe.weight, x, torch::cat({fit.y, apart.y}), probe.l2).gradient;
  EXPECT_LT(slope.abs().max().item<double>(), 1e-5);
}

TEST(LinearProbe, TheFirstFitHasNotSeenThem) {
  const auto fit = blobs(30, 11), apart = blobs(30, 12);
  const auto probe = fit_linear_probe(fit.x, fit.y, apart.x, apart.y, 3).on_fit;
  const auto slope =
      logistic_loss(probe.weight, probe.scale.standard(fit.x), fit.y, probe.l2).gradient;
  EXPECT_LT(slope.abs().max().item<double>(), 1e-5);
  EXPECT_TRUE(torch::equal(probe.scale.shift, scale_of_items("test", fit.x).shift));
}

TEST(LinearProbe, RefusesLabelsOfAnotherNumber) {
  EXPECT_EQ(message_of<ShapeError>([] {
              fit_logistic(torch::zeros({3, 2}), torch::zeros(2, torch::kInt64), 2, 1);
            }),
            "[linear_probe] y must have shape [3], got [2]");
}

}  // namespace
}  // namespace kiln
