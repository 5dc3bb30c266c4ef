#include "kiln/metrics/image_quality.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <limits>

#include "kiln/core/rng.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

Tensor pictures(Rng& rng, at::IntArrayRef shape) { return rng.uniform(shape).to(torch::kDouble); }

Tensor grey(double value) { return torch::full({1, 1, 12, 14}, value, torch::kDouble); }

// One window with its upper left corner at (top, left), sum by sum.
double ssim_of_window(const Tensor& a, const Tensor& b, std::int64_t top, std::int64_t left,
                      double range) {
  const auto x = a.accessor<double, 2>(), y = b.accessor<double, 2>();
  double total = 0, mx = 0, my = 0, vx = 0, vy = 0, cov = 0;
  const auto each_pixel = [&](const auto& visit) {
    for (std::int64_t i = 0; i < 11; ++i)
      for (std::int64_t j = 0; j < 11; ++j) {
        const auto squared = static_cast<double>((i - 5) * (i - 5) + (j - 5) * (j - 5));
        visit(std::exp(-squared / (2 * 1.5 * 1.5)), x[top + i][left + j], y[top + i][left + j]);
      }
  };
  each_pixel([&](double w, double p, double q) { total += w, mx += w * p, my += w * q; });
  mx /= total, my /= total;
  each_pixel([&](double w, double p, double q) {
    vx += w * (p - mx) * (p - mx), vy += w * (q - my) * (q - my), cov += w * (p - mx) * (q - my);
  });
  vx /= total, vy /= total, cov /= total;
  const double c1 = .01 * range * .01 * range, c2 = .03 * range * .03 * range;
  return (2 * mx * my + c1) * (2 * cov + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2));
}

// [C, H, W]: the mean over channels and windows.
double ssim_by_hand(const Tensor& a, const Tensor& b, double range) {
  double sum = 0;
  std::int64_t windows = 0;
  for (std::int64_t c = 0; c < a.size(0); ++c)
    for (std::int64_t top = 0; top + 11 <= a.size(1); ++top)
      for (std::int64_t left = 0; left + 11 <= a.size(2); ++left, ++windows)
        sum += ssim_of_window(a[c], b[c], top, left, range);
  return sum / static_cast<double>(windows);
}

TEST(ImageQuality, SsimEqualsItsDefinitionWindowByWindow) {
  Rng rng(1);
  for (const double range : {1., 2., 255.}) {
    const auto a = pictures(rng, {2, 3, 13, 16}) * range;
    const auto b = a * .7 + pictures(rng, {2, 3, 13, 16}) * (.3 * range);
    const auto found = ssim(a, b, range);
    ASSERT_EQ(found.sizes(), at::IntArrayRef({2}));
    for (std::int64_t i = 0; i < 2; ++i)
      EXPECT_NEAR(found[i].item<double>(), ssim_by_hand(a[i], b[i], range), 1e-10);
  }
}

TEST(ImageQuality, PsnrEqualsItsDefinitionPictureByPicture) {
  Rng rng(2);
  const auto a = pictures(rng, {3, 2, 4, 5}), b = pictures(rng, {3, 2, 4, 5});
  const auto found = psnr(a, b, 2);
  for (std::int64_t i = 0; i < 3; ++i) {
    const auto x = a[i].flatten(), y = b[i].flatten();
    double sum = 0;
    for (std::int64_t j = 0; j < 40; ++j) sum += std::pow((x[j] - y[j]).item<double>(), 2);
    EXPECT_NEAR(found[i].item<double>(), 10 * std::log10(4 / (sum / 40)), 1e-10);
  }
}

TEST(ImageQuality, OfEqualPicturesIsOneAndWithoutNoise) {
  Rng rng(3);
  const auto x = pictures(rng, {2, 3, 16, 11});
  EXPECT_TRUE(torch::allclose(ssim(x, x, 1), torch::ones(2, torch::kDouble), 0, 1e-12));
  EXPECT_EQ(psnr(x, x, 1)[1].item<double>(), std::numeric_limits<double>::infinity());
}

// Without any structure the term of luminance is left.
TEST(ImageQuality, OfTwoGreysIsWhatTheirLevelsSay) {
  EXPECT_NEAR(psnr(grey(.2), grey(.7), 1).item<double>(), 20 * std::log10(2), 1e-10);
  EXPECT_NEAR(psnr(grey(20), grey(70), 100).item<double>(), 20 * std::log10(2), 1e-10);
  EXPECT_NEAR(ssim(grey(.2), grey(.7), 1).item<double>(), (2 * .14 + 1e-4) / (.04 + .49 + 1e-4),
              1e-10);
}

TEST(ImageQuality, IsSymmetricAndKnowsPicturesFromTheirNegatives) {
  Rng rng(4);
  const auto a = pictures(rng, {2, 1, 12, 12}), b = pictures(rng, {2, 1, 12, 12});
  EXPECT_TRUE(torch::allclose(ssim(a, b, 1), ssim(b, a, 1), 0, 1e-13));
  EXPECT_TRUE(torch::equal(psnr(a, b, 1), psnr(b, a, 1)));
  EXPECT_LT(ssim(a, 1 - a, 1).max().item<double>(), -.5);
}

TEST(ImageQuality, TakesBytes) {
  Rng rng(5);
  const auto a = rng.integers(256, {1, 3, 12, 12}), b = rng.integers(256, {1, 3, 12, 12});
  const auto bytes = [](const Tensor& x) { return x.to(torch::kByte); };
  const auto shares = [](const Tensor& x) { return x.to(torch::kDouble) / 255; };
  EXPECT_NEAR(ssim(bytes(a), bytes(b), 255).item<double>(),
              ssim(shares(a), shares(b), 1).item<double>(), 1e-12);
  EXPECT_NEAR(psnr(bytes(a), bytes(b), 255).item<double>(),
              psnr(shares(a), shares(b), 1).item<double>(), 1e-12);
}

TEST(ImageQuality, RefusesWhatItCannotCompare) {
  const auto x = torch::zeros({1, 1, 11, 11});
  EXPECT_EQ(message_of<ShapeError>([&] {
              ssim(x, torch::zeros({1, 1, 11, 12}), 1);
            }),
            "[ssim] b must have shape [1, 1, 11, 11], got [1, 1, 11, 12]");
  EXPECT_EQ(message_of<ShapeError>([&] { psnr(x[0], x[0], 1); }),
            "[psnr] a must have shape [*, *, *, *], got [1, 11, 11]");
  const auto small = torch::zeros({1, 1, 20, 10});
  EXPECT_EQ(message_of<ShapeError>([&] { ssim(small, small, 1); }),
            "[ssim] pictures must have at least 11 x 11 pixels, got 20 x 10");
  EXPECT_EQ(message_of<ConfigError>([&] { psnr(x, x, 0); }),
            "[psnr] range must be positive, got 0");
  EXPECT_EQ(message_of<ConfigError>([&] { ssim(x, x, -1); }),
            "[ssim] range must be positive, got -1");
}

}  // namespace
}  // namespace kiln
