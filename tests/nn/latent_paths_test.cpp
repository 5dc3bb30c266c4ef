#include "kiln/nn/latent_paths.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <numbers>

#include "kiln/core/error.h"
#include "kiln/core/rng.h"

namespace kiln {
namespace {

constexpr double kRounding = 1e-12;  // float64, sums of a few terms of size 1

Tensor normal(std::int64_t rows, std::int64_t size, std::uint64_t seed) {
  Rng rng(seed, "codes");
  return rng.normal({rows, size}).to(torch::kFloat64);
}

double difference(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST(LatentPaths, EndsAreTheCodesThemselves) {
  const auto a = normal(20, 7, 1), b = normal(20, 7, 2);
  for (const auto kind : {LatentPath::slerp, LatentPath::lerp}) {
    const auto path = latent_path(kind, a, b, 5);
    EXPECT_EQ(path.sizes(), (std::vector<std::int64_t>{20, 5, 7}));
    EXPECT_LT(difference(path.select(1, 0), a), kRounding);
    EXPECT_LT(difference(path.select(1, 4), b), kRounding);
  }
}

// On the unit circle the arc from angle 0 to angle W passes angle t W: no formula of the source.
TEST(LatentPaths, SlerpMovesAlongTheCircleAtConstantSpeed) {
  for (const double angle : {0.01, 0.5, 1.5, 3.0})
    for (const double t : {0.0, 0.125, 0.5, 0.9, 1.0}) {
      const auto a = torch::tensor({{1.0, 0.0}}, torch::kFloat64);
      const auto b = torch::tensor({{std::cos(angle), std::sin(angle)}}, torch::kFloat64);
      const auto expected =
          torch::tensor({{std::cos(t * angle), std::sin(t * angle)}}, torch::kFloat64);
      EXPECT_LT(difference(slerp(a, b, t), expected), 1e-10) << angle << " " << t;
    }
}

TEST(LatentPaths, SlerpKeepsTheNormOfCodesOfEqualNorm) {
  auto a = normal(50, 30, 3), b = normal(50, 30, 4);
  a = 3 * a / a.norm(2, 1, true), b = 3 * b / b.norm(2, 1, true);
  for (const double t : {0.1, 0.5, 0.77})
    EXPECT_LT(difference(slerp(a, b, t).norm(2, 1), torch::full({50}, 3.0, torch::kFloat64)),
              kRounding);
}

// Half-way, N(0, 1) codes have the variance t^2 + (1 - t)^2 = 1/2 on the line, and about 1 on the
// arc, since codes of many dimensions are nearly orthogonal.
TEST(LatentPaths, TheLineLosesHalfTheVarianceAndTheArcKeepsIt) {
  const std::int64_t rows = 4000, size = 100;
  const auto a = normal(rows, size, 5), b = normal(rows, size, 6);
  const double error = 5 * std::sqrt(2.0 / static_cast<double>(rows * size));
  EXPECT_NEAR(lerp(a, b, 0.5).square().mean().item<double>(), 0.5, 0.5 * error);
  // cos W has mean 0 and variance 1/J, so the arc's 1 / (1 + cos W) has mean 1 + 1/J + O(1/J^2).
  EXPECT_NEAR(slerp(a, b, 0.5).square().mean().item<double>(), 1.0, error + 2.0 / double(size));
}

TEST(LatentPaths, CodesInOneDirectionTakeTheLine) {
  const auto a = normal(4, 6, 7);
  const auto b = 2.5 * a;
  EXPECT_LT(difference(slerp(a, b, 0.3), lerp(a, b, 0.3)), kRounding);
  EXPECT_LT(difference(slerp(a, a, 0.3), a), kRounding);
  const auto near = a + 1e-9;  // an angle whose sine is rounding
  EXPECT_LT(difference(slerp(a, near, 0.5), lerp(a, near, 0.5)), kRounding);
}

TEST(LatentPaths, ARowOfZerosTakesTheLineAndDisturbsNoOther) {
  auto a = normal(2, 5, 8);
  const auto b = normal(2, 5, 9);
  const auto alone = slerp(a.slice(0, 1), b.slice(0, 1), 0.4);
  a[0].zero_();
  const auto both = slerp(a, b, 0.4);
  EXPECT_LT(difference(both[0], 0.4 * b[0]), kRounding);
  EXPECT_LT(difference(both[1], alone[0]), kRounding);
}

TEST(LatentPaths, OppositeCodesAreRefused) {
  auto a = normal(3, 5, 10), b = normal(3, 5, 11);
  b[1] = -2 * a[1];
  try {
    slerp(a, b, 0.5);
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(),
                 "[latent_paths.slerp] the codes of row 1 point in opposite directions, so no "
                 "shortest arc joins them; use lerp");
  }
  EXPECT_LT(difference(lerp(a, b, 0.5)[1], -0.5 * a[1]), kRounding);
}

TEST(LatentPaths, WrongShapesAndShortPathsAreRefused) {
  const auto a = torch::zeros({2, 3}), b = torch::zeros({2, 4});
  EXPECT_THROW(lerp(a, b, 0.5), ShapeError);
  EXPECT_THROW(slerp(a, b, 0.5), ShapeError);
  EXPECT_THROW(slerp(a[0], a[0], 0.5), ShapeError);
  EXPECT_THROW(latent_path(LatentPath::lerp, a, a, 1), ConfigError);
}

}  // namespace
}  // namespace kiln
