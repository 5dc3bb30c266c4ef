#include "kiln/nn/latent_paths.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <numbers>

#include "kiln/core/check.h"

namespace kiln {
namespace {

constexpr double kNoAngle = 1e-6;  // radians: below it arc and line differ by less than 1e-12

void check_ends(std::string_view where, const Tensor& a, const Tensor& b) {
  check_shape(where, "a", a, {kAny, kAny});
  check_shape(where, "b", b, {a.size(0), a.size(1)});
}

// Angle between rows, [B, 1]: 2 atan2(|u - v|, |u + v|) of the unit vectors, exact to rounding
// where acos(u . v) loses half of the digits.  Rows of zeros have no direction and count as equal.
Tensor angle_between(const Tensor& a, const Tensor& b) {
  const auto norm_a = a.norm(2, 1, true), norm_b = b.norm(2, 1, true);
  const auto u = a / norm_a, v = b / norm_b;
  const auto angle = 2 * torch::atan2((u - v).norm(2, 1, true), (u + v).norm(2, 1, true));
  return torch::where((norm_a > 0).logical_and(norm_b > 0), angle, torch::zeros_like(angle));
}

void refuse_opposite(const Tensor& angle) {
  const auto opposite = (std::numbers::pi - angle < kNoAngle).nonzero();
  if (opposite.size(0) == 0) return;
  throw ConfigError("latent_paths.slerp",
                    fmt::format("the codes of row {} point in opposite directions, so no shortest "
                                "arc joins them; use lerp",
                                opposite[0][0].item<std::int64_t>()));
}

}  // namespace

Tensor lerp(const Tensor& a, const Tensor& b, double t) {
  check_ends("latent_paths.lerp", a, b);
  return (1 - t) * a + t * b;
}

Tensor slerp(const Tensor& a, const Tensor& b, double t) {
  check_ends("latent_paths.slerp", a, b);
  const auto from = a.to(torch::kFloat64), to = b.to(torch::kFloat64);
  const auto angle = angle_between(from, to);
  refuse_opposite(angle);
  const auto line = angle < kNoAngle;
  const auto safe = torch::where(line, torch::ones_like(angle), angle);
  const auto arc = (((1 - t) * safe).sin() * from + (t * safe).sin() * to) / safe.sin();
  return torch::where(line, (1 - t) * from + t * to, arc).to(a.scalar_type());
}

Tensor latent_path(LatentPath kind, const Tensor& a, const Tensor& b, std::int64_t points) {
  if (points < 2)
    throw ConfigError("latent_paths",
                      fmt::format("a path needs at least 2 points, got {}", points));
  std::vector<Tensor> path;
  for (std::int64_t i = 0; i < points; ++i) {
    const double t = static_cast<double>(i) / static_cast<double>(points - 1);
    path.push_back(kind == LatentPath::slerp ? slerp(a, b, t) : lerp(a, b, t));
  }
  return torch::stack(path, 1);
}

}  // namespace kiln
