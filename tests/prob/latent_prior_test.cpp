#include "kiln/prob/latent_prior.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <numbers>

#include "tests/support/refusal.h"

namespace kiln {
namespace {

constexpr std::int64_t kDraws = 40000;
constexpr double kPi = std::numbers::pi;

Tensor draw(PriorKind kind, std::int64_t size, double scale, std::int64_t parts = 10) {
  Rng rng(1);
  return LatentPrior("test", kind, size, scale, parts).sample(kDraws, rng).to(torch::kDouble);
}

Tensor part_of(const LatentPrior& prior, std::int64_t part, Rng& rng) {
  return prior.sample_parts(torch::full({kDraws}, part, torch::kInt64), rng).to(torch::kDouble);
}

// Mean of `values` [n] against what it should be, within five standard errors.
void expect_mean(const Tensor& values, double wanted) {
  const double error = values.std().item<double>() / std::sqrt(double(values.numel()));
  EXPECT_NEAR(values.mean().item<double>(), wanted, 5 * error);
}

TEST(LatentPrior, GaussianHasItsScaleInEveryNumber) {
  const auto z = draw(PriorKind::gaussian, 3, 5);
  EXPECT_EQ(z.sizes(), (at::IntArrayRef{kDraws, 3}));
  for (std::int64_t j = 0; j < 3; ++j) {
    expect_mean(z.select(1, j), 0);
    expect_mean(z.select(1, j).square(), 25);
  }
  expect_mean(z.select(1, 0) * z.select(1, 1), 0);
}

TEST(LatentPrior, UniformFillsItsSquare) {
  const auto z = draw(PriorKind::uniform, 2, .5);
  EXPECT_LE(z.abs().max().item<double>(), 1);
  for (std::int64_t j = 0; j < 2; ++j) {
    expect_mean(z.select(1, j), 0);
    expect_mean(z.select(1, j).square(), 1. / 3);
  }
  expect_mean(z.prod(1), 0);
}

TEST(LatentPrior, RingHasAGaussianAtEveryAngle) {
  const std::int64_t parts = 7;
  const double scale = 1.5;
  const LatentPrior prior("test", PriorKind::ring, 2, scale, parts);
  Rng rng(2);
  for (std::int64_t m = 0; m < parts; ++m) {
    const auto z = part_of(prior, m, rng);
    const double angle = 2 * kPi * double(m) / double(parts);
    const auto along = z.select(1, 0) * std::cos(angle) + z.select(1, 1) * std::sin(angle),
               across = z.select(1, 1) * std::cos(angle) - z.select(1, 0) * std::sin(angle);
    expect_mean(along, 2 * scale);
    expect_mean(across, 0);
    expect_mean((along - 2 * scale).square(), std::pow(.5 * scale, 2));
    expect_mean(across.square(), std::pow(.2 * scale, 2));
    expect_mean((along - 2 * scale) * across, 0);
  }
}

TEST(LatentPrior, AllPartsOfTheRingComeEquallyOften) {
  const auto z = draw(PriorKind::ring, 2, 1, 4);
  const auto angle = torch::atan2(z.select(1, 1), z.select(1, 0));
  for (int m = 0; m < 4; ++m) {
    const auto near = torch::cos(angle - m * kPi / 2) > std::sqrt(.5);
    expect_mean(near.to(torch::kDouble), .25);
  }
}

// Distance along the radius to the nearest turn of r = 3 angle / 4 pi.
Tensor off_the_spiral(const Tensor& z) {
  const auto radius = z.norm(2, 1);
  const auto angle = torch::atan2(z.select(1, 1), z.select(1, 0)).remainder(2 * kPi);
  auto off = torch::full_like(radius, INFINITY);
  for (int turn = -1; turn <= 2; ++turn)
    off = torch::minimum(off, (radius - 3 * (angle + turn * 2 * kPi) / (4 * kPi)).abs());
  return off;
}

TEST(LatentPrior, SwissRollIsASpiralEvenlyCovered) {
  const auto z = draw(PriorKind::swiss_roll, 2, 1);
  const auto radius = z.norm(2, 1);
  // Far from the centre noise along the radius is what leaves the spiral: deviation 1/20.
  const auto outer = off_the_spiral(z.index({radius > 1}));
  EXPECT_NEAR(outer.square().mean().sqrt().item<double>(), .05, .003);
  expect_mean(radius.square(), 9 * .5 + 2 * .0025);  // r^2 = 9 t
  for (const double t : {.2, .5, .8})
    EXPECT_NEAR((radius.square() < 9 * t).to(torch::kDouble).mean().item<double>(), t, .015);
}

TEST(LatentPrior, PartsOfTheSwissRollAreItsSegmentsInOrder) {
  const LatentPrior prior("test", PriorKind::swiss_roll, 2, 2, 5);
  Rng rng(3);
  for (std::int64_t m = 0; m < 5; ++m) {
    const auto z = part_of(prior, m, rng) / 2;
    expect_mean(z.square().sum(1), 9 * (double(m) + .5) / 5 + .005);
    const double low = 3 * std::sqrt(double(m) / 5), high = 3 * std::sqrt(double(m + 1) / 5);
    const auto radius = z.norm(2, 1);
    EXPECT_GT(radius.min().item<double>(), low - .3);  // six deviations of the noise
    EXPECT_LT(radius.max().item<double>(), high + .3);
  }
}

TEST(LatentPrior, QuantilesInvertTheDistributionFunction) {
  const auto u = torch::tensor({{0.5, 0.8413447460685429}}, torch::kFloat64);
  const auto of = [&](PriorKind kind) { return LatentPrior("aae", kind, 2, 3, 1).quantile(u); };
  EXPECT_LT((of(PriorKind::gaussian) - torch::tensor({0.0, 3.0})).abs().max().item<double>(), 1e-9);
  // Uniform in [-6, 6]: -6 + 12 u.
  EXPECT_LT((of(PriorKind::uniform) - (12 * u - 6)).abs().max().item<double>(), 1e-12);
  EXPECT_EQ(message_of([&] { of(PriorKind::ring); }),
            "[aae] the ring has no quantiles number by number; draw from it, or use a gaussian or "
            "uniform prior");
}

TEST(LatentPrior, RefusesWhatItCannotDraw) {
  EXPECT_EQ(message_of([] { LatentPrior("aae", PriorKind::ring, 8, 1, 10); }),
            "[aae] the ring lies in a plane: it needs latent 2, got 8");
  Rng rng(1);
  const auto zero = torch::zeros({1}, torch::kInt64);
  EXPECT_EQ(
      message_of([&] { LatentPrior("aae", PriorKind::uniform, 2, 1, 3).sample_parts(zero, rng); }),
      "[aae] the uniform prior has no parts; use ring or swiss_roll");
  EXPECT_EQ(
      message_of([&] { LatentPrior("aae", PriorKind::ring, 2, 1, 3).sample_parts(zero + 3, rng); }),
      "[aae] parts of the prior are 0 to 2, got 3 to 3");
  EXPECT_EQ(LatentPrior("aae", PriorKind::gaussian, 2, 1, 3).parts(), 0);
  EXPECT_EQ(LatentPrior("aae", PriorKind::ring, 2, 1, 3).parts(), 3);
}

}  // namespace
}  // namespace kiln
