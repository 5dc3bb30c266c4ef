#include "kiln/metrics/image_quality.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kiln/core/check.h"

namespace kiln {
namespace {

constexpr std::int64_t kWindow = 11;
constexpr double kDeviation = 1.5, kLuminance = .01, kContrast = .03;

Tensor exact(const Tensor& x) { return x.detach().to(at::kCPU, at::kDouble); }

void check_pair(const char* where, const Tensor& a, const Tensor& b, double range) {
  check_shape(where, "a", a, {kAny, kAny, kAny, kAny});
  check_shape(where, "b", b, {a.size(0), a.size(1), a.size(2), a.size(3)});
  if (!(range > 0 && std::isfinite(range)))
    throw ConfigError(where, fmt::format("range must be positive, got {}", range));
}

void check_holds_a_window(const Tensor& x) {
  if (std::min(x.size(2), x.size(3)) < kWindow)
    throw ShapeError(
        "ssim", fmt::format("pictures must have at least {0} x {0} pixels, got {1} x {2}", kWindow,
                            x.size(2), x.size(3)));
}

// exp(-i^2 / (2 deviation^2)) for i = -5 .. 5, in sum 1.
Tensor gaussian() {
  const auto i = at::arange(kWindow, at::kDouble) - kWindow / 2;
  const auto weights = (i.square() * (-.5 / (kDeviation * kDeviation))).exp();
  return weights / weights.sum();
}

// Means under every window that lies in the picture: [N, 1, H, W] -> [N, 1, H - 10, W - 10].
Tensor windowed(const Tensor& x) {
  const auto weights = gaussian();
  return at::conv2d(at::conv2d(x, weights.view({1, 1, kWindow, 1})),
                    weights.view({1, 1, 1, kWindow}));
}

}  // namespace

Tensor psnr(const Tensor& a, const Tensor& b, double range) {
  check_pair("psnr", a, b, range);
  const auto error = (exact(a) - exact(b)).square().flatten(1).mean(1);
  return 10 * (range * range / error).log10();
}

Tensor ssim(const Tensor& a, const Tensor& b, double range) {
  check_pair("ssim", a, b, range);
  check_holds_a_window(a);
  const auto x = exact(a).flatten(0, 1).unsqueeze(1), y = exact(b).flatten(0, 1).unsqueeze(1);
  const auto mean_x = windowed(x), mean_y = windowed(y), product = mean_x * mean_y;
  const auto square_x = mean_x.square(), square_y = mean_y.square();
  const auto var_x = windowed(x.square()) - square_x, var_y = windowed(y.square()) - square_y;
  const auto covariance = windowed(x * y) - product;
  const double c1 = std::pow(kLuminance * range, 2), c2 = std::pow(kContrast * range, 2);
  const auto map = (2 * product + c1) * (2 * covariance + c2) /
                   ((square_x + square_y + c1) * (var_x + var_y + c2));
  return map.view({a.size(0), -1}).mean(1);
}

}  // namespace kiln
