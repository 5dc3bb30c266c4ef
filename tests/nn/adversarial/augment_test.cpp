#include "kiln/nn/adversarial/augment.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include <cmath>
#include <set>

#include "kiln/core/error.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

Augmentation of(const std::string& names) { return Augmentation::parse("gan.augment", names); }

Tensor images(std::int64_t count, std::int64_t channels = 3, std::int64_t side = 16) {
  Rng rng(1);
  return rng.uniform({count, channels, side, side}) * 2 - 1;
}

TEST(Augmentation, WithoutNamesIsTheIdentityAndDrawsNothing) {
  Rng rng(2);
  const auto before = rng.state();
  const auto x = images(3);
  EXPECT_TRUE(torch::equal(of("")(x, rng), x));
  EXPECT_EQ(rng.state(), before);
  EXPECT_FALSE(of("").any());
  EXPECT_TRUE(of("cutout").any());
}

// Every change of color is x -> contrast stretch of a shift: of a grey image an affine map whose
// slope is the contrast in [1/2, 3/2] and whose mean moves by the brightness in [-1/2, 1/2].
TEST(Augmentation, ColorOfAGreyImageIsOneShiftAndOneStretch) {
  Rng rng(3);
  const std::int64_t n = 400;
  const auto x = images(n, 1).to(torch::kFloat64);
  const auto y = of("color")(x, rng);
  const auto mean_x = x.mean({1, 2, 3}), mean_y = y.mean({1, 2, 3});
  const auto shift = mean_y - mean_x;
  const auto stretch = y.std({1, 2, 3}, true) / x.std({1, 2, 3}, true);
  EXPECT_TRUE(torch::allclose(y - mean_y.view({n, 1, 1, 1}),
                              (x - mean_x.view({n, 1, 1, 1})) * stretch.view({n, 1, 1, 1})));
  // Uniform on a range of width 1: mean of the middle, standard error sqrt(1/12/n).
  const double error = std::sqrt(1. / 12 / n);
  EXPECT_NEAR(shift.mean().item<double>(), 0, 5 * error);
  EXPECT_NEAR(stretch.mean().item<double>(), 1, 5 * error);
  EXPECT_LE(shift.abs().max().item<double>(), .5 + 1e-6);
  EXPECT_GT(shift.abs().max().item<double>(), .49);
  EXPECT_GT(stretch.min().item<double>(), .5 - 1e-6);
  EXPECT_LT(stretch.min().item<double>(), .51);
}

TEST(Augmentation, SaturationMovesEachPixelFromItsGrey) {
  Rng rng(4);
  const auto x = images(50).to(torch::kFloat64);
  const auto y = of("color")(x, rng);
  const auto chroma = [](const Tensor& v) { return v - v.mean(1, true); };
  const auto ratio = chroma(y) / chroma(x);  // saturation times contrast, one number for an item
  const auto per_item = ratio.flatten(1);
  EXPECT_LT((per_item - per_item.narrow(1, 0, 1)).abs().max().item<double>(), 1e-6);
  EXPECT_GT(per_item.max().item<double>(), 1.6);  // beyond what contrast alone reaches
  EXPECT_LT(per_item.min().item<double>(), .3);
  // Saturation leaves every pixel's grey alone: greys are stretched by the contrast alone.
  const auto grey_x = x.mean(1).flatten(1), grey_y = y.mean(1).flatten(1);
  const auto centred = [](const Tensor& v) { return v - v.mean(1, true); };
  const auto contrast = (centred(grey_y) / centred(grey_x)).select(1, 0);
  EXPECT_TRUE(torch::allclose(centred(grey_y), centred(grey_x) * contrast.unsqueeze(1)));
  EXPECT_GE(contrast.min().item<double>(), .5 - 1e-6);
  EXPECT_LE(contrast.max().item<double>(), 1.5 + 1e-6);
}

TEST(Augmentation, TranslationMovesByUpToAnEighthWithZerosBehind) {
  Rng rng(5);
  const auto x = images(300, 2);
  const auto y = of("translation")(x, rng);
  std::set<std::pair<int, int>> seen;
  for (std::int64_t i = 0; i < x.size(0); ++i) {
    bool found = false;
    for (int dr = -2; dr <= 2 && !found; ++dr)
      for (int dc = -2; dc <= 2 && !found; ++dc) {
        auto moved = torch::zeros_like(x[i]);
        for (int r = std::max(0, dr); r < std::min(16, 16 + dr); ++r)
          for (int c = std::max(0, dc); c < std::min(16, 16 + dc); ++c)
            moved.select(1, r).select(1, c).copy_(x[i].select(1, r - dr).select(1, c - dc));
        found = torch::equal(moved, y[i]);
        if (found) seen.emplace(dr, dc);
      }
    ASSERT_TRUE(found) << i;
  }
  EXPECT_EQ(seen.size(), 25u);  // 300 draws miss one of 25 places with probability 1e-4
}

// A centre in the middle half of the rows leaves all of the stretch inside; at the edge half of it.
TEST(Augmentation, CutoutIsARectangleOfHalfTheSides) {
  Rng rng(6);
  const auto x = images(400) + 3;  // nowhere 0
  const auto hole = of("cutout")(x, rng).eq(0);
  EXPECT_TRUE(torch::equal(hole.any(1), hole.all(1)));  // all channels
  const auto inside = hole.select(1, 0);
  const auto rows = inside.any(2).sum(1), columns = inside.any(1).sum(1);
  EXPECT_TRUE(torch::equal(inside.sum({1, 2}), rows * columns));
  EXPECT_EQ(rows.max().item<std::int64_t>(), 8);
  EXPECT_EQ(rows.min().item<std::int64_t>(), 4);
  // Starts -4 .. 11 leave 4, 5, 6, 7, nine times 8, 7, 6, 5 rows: mean 7, variance 1.75.
  EXPECT_NEAR(rows.to(torch::kFloat64).mean().item<double>(), 7, 5 * std::sqrt(1.75 / 400));
  EXPECT_FALSE(torch::equal(rows, columns));
}

TEST(Augmentation, GradientPassesThrough) {
  const auto x = images(2, 3, 8).to(torch::kFloat64).requires_grad_();
  Rng weights(9);
  const auto w = weights.normal({2, 3, 8, 8}).to(torch::kFloat64);
  const auto value = [&](const Tensor& at) {
    Rng rng(7);
    return (of("color,translation,cutout")(at, rng).tanh() * w).sum();
  };
  const auto exact = torch::autograd::grad({value(x)}, {x})[0];
  const auto direction = weights.normal({2, 3, 8, 8}).to(torch::kFloat64);
  const double h = 1e-6;
  const double measured =
      ((value(x.detach() + h * direction) - value(x.detach() - h * direction)) / (2 * h))
          .item<double>();
  EXPECT_NEAR((exact * direction).sum().item<double>(), measured, 1e-7 * std::abs(measured) + 1e-8);
  EXPECT_GT(exact.abs().max().item<double>(), 0);
}

TEST(Augmentation, RefusesOtherNames) {
  EXPECT_EQ(message_of<ConfigError>([] { of("color,flip"); }),
            "[gan.augment] no change 'flip'; choose of color, translation, cutout, separated by "
            "commas");
}

}  // namespace
}  // namespace kiln
