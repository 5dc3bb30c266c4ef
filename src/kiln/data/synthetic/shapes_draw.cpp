#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "kiln/data/synthetic/shapes.h"

namespace kiln {
namespace {

constexpr double kPi = std::numbers::pi;

struct Point {
  double x, y;
};

using Outline = std::vector<Point>;  // a closed polygon in the unit circle, y down

Outline regular(int corners, double first_angle) {
  Outline outline;
  for (int i = 0; i < corners; ++i) {
    const double angle = first_angle + 2 * kPi * i / corners;
    outline.push_back({std::cos(angle), std::sin(angle)});
  }
  return outline;
}

Outline star() {
  Outline outline = regular(10, -kPi / 2);
  for (std::size_t i = 1; i < outline.size(); i += 2) outline[i].x *= 0.42, outline[i].y *= 0.42;
  return outline;
}

Outline cross() {
  constexpr double a = 0.94, b = 0.32;
  return {{b, -a}, {b, -b}, {a, -b}, {a, b},   {b, b},   {b, a},
          {-b, a}, {-b, b}, {-a, b}, {-a, -b}, {-b, -b}, {-b, -a}};
}

Outline arrow() {
  return {{0, -1},       {0.75, -0.1},  {0.28, -0.1}, {0.28, 0.95},
          {-0.28, 0.95}, {-0.28, -0.1}, {-0.75, -0.1}};
}

Outline heart() {
  constexpr int kCorners = 96;
  Outline outline;
  for (int i = 0; i < kCorners; ++i) {
    const double t = 2 * kPi * i / kCorners, s = std::sin(t);
    const double y = 13 * std::cos(t) - 5 * std::cos(2 * t) - 2 * std::cos(3 * t) - std::cos(4 * t);
    outline.push_back({16 * s * s * s, -(y + 2.5)});
  }
  return outline;
}

// Scaled to touch the unit circle.
Outline fitted(Outline outline) {
  double reach = 0;
  for (const auto& p : outline) reach = std::max(reach, std::hypot(p.x, p.y));
  for (auto& p : outline) p.x /= reach, p.y /= reach;
  return outline;
}

const Outline& outline_of(ShapeKind shape) {
  static const std::array<Outline, 8> outlines{
      Outline{}, Outline{},       regular(4, kPi / 4), regular(3, -kPi / 2),
      star(),    fitted(cross()), fitted(heart()),     fitted(arrow())};
  return outlines[static_cast<std::size_t>(shape)];
}

// Signed distance to a polygon, positive inside (by counting crossings).
double inside_polygon(const Outline& outline, Point p) {
  double nearest = 1e9;
  bool inside = false;
  for (std::size_t i = 0, j = outline.size() - 1; i < outline.size(); j = i++) {
    const Point &a = outline[j], &b = outline[i];
    const double ex = b.x - a.x, ey = b.y - a.y, px = p.x - a.x, py = p.y - a.y;
    const double t = std::clamp((px * ex + py * ey) / (ex * ex + ey * ey), 0.0, 1.0);
    const double dx = px - t * ex, dy = py - t * ey;
    nearest = std::min(nearest, dx * dx + dy * dy);
    if ((a.y > p.y) != (b.y > p.y) && px < ex * py / ey) inside = !inside;
  }
  return inside ? std::sqrt(nearest) : -std::sqrt(nearest);
}

// Signed distance to a shape of radius 1 about the origin.
double inside_shape(ShapeKind shape, Point p) {
  if (shape == ShapeKind::circle) return 1 - std::hypot(p.x, p.y);
  if (shape == ShapeKind::ring) return 0.25 - std::abs(std::hypot(p.x, p.y) - 0.75);
  return inside_polygon(outline_of(shape), p);
}

// Share of a pixel on the inner side of an edge at a signed distance of d pixels.
double coverage(double d) { return std::clamp(d + 0.5, 0.0, 1.0); }

// Smooth noise in [0, 1]: three octaves of random lattices, interpolated.
class Clouds {
 public:
  explicit Clouds(std::uint64_t key) {
    Philox rng(key);
    for (auto& value : lattice_) value = rng.uniform();
  }

  double at(double x, double y) const {
    return (4 * octave(0, 3, x, y) + 2 * octave(16, 6, x, y) + octave(65, 12, x, y)) / 7;
  }

 private:
  // A lattice of (cells + 1)^2 values that begins at `first`.
  double octave(int first, int cells, double x, double y) const {
    const int i = std::min(static_cast<int>(x * cells), cells - 1);
    const int j = std::min(static_cast<int>(y * cells), cells - 1);
    const double u = ease(x * cells - i), v = ease(y * cells - j);
    const auto value = [&](int column, int row) {
      return lattice_[static_cast<std::size_t>(first + row * (cells + 1) + column)];
    };
    return (1 - v) * ((1 - u) * value(i, j) + u * value(i + 1, j)) +
           v * ((1 - u) * value(i, j + 1) + u * value(i + 1, j + 1));
  }
  static double ease(double t) { return t * t * (3 - 2 * t); }

  std::array<double, 16 + 49 + 169> lattice_;
};

// Share of ground_to in the ground's colour at a point; `pixels` a side.
class Ground {
 public:
  Ground(const ShapeAttributes& a, double pixels)
      : kind_(a.ground),
        clouds_(a.clouds),
        c_(std::cos(a.ground_angle)),
        s_(std::sin(a.ground_angle)),
        period_(a.ground_period),
        pixels_(pixels) {}

  double at(double x, double y) const {
    const double u = c_ * (x - 0.5) + s_ * (y - 0.5), v = c_ * (y - 0.5) - s_ * (x - 0.5);
    switch (kind_) {
      case ShapeGround::plain:
        return 0;
      case ShapeGround::shaded:
        return std::clamp(0.5 + u / std::numbers::sqrt2, 0.0, 1.0);
      case ShapeGround::striped:
        return band(u);
      case ShapeGround::checked:
        return either(band(u), band(v));
      case ShapeGround::spotted:
        return spot(u, v);
      case ShapeGround::cloudy:
        return std::clamp(1.6 * clouds_.at(x, y) - 0.3, 0.0, 1.0);
    }
    KILN_ASSERT(!"a ground without a pattern");
  }

 private:
  // Where u lies in its period: [-1/2, 1/2).
  double phase(double u) const { return u / period_ - std::floor(u / period_ + 0.5); }
  double band(double u) const { return coverage((0.25 - std::abs(phase(u))) * period_ * pixels_); }
  static double either(double a, double b) { return a + b - 2 * a * b; }
  double spot(double u, double v) const {
    return coverage((0.3 - std::hypot(phase(u), phase(v))) * period_ * pixels_);
  }

  ShapeGround kind_;
  Clouds clouds_;
  double c_, s_, period_, pixels_;
};

UnitRgb mix(const UnitRgb& from, const UnitRgb& to, double share) {
  const auto t = static_cast<float>(share);
  return {from.red + t * (to.red - from.red), from.green + t * (to.green - from.green),
          from.blue + t * (to.blue - from.blue)};
}

// Share of the shape in the pixel at (x, y).
double shape_share(const ShapeAttributes& a, double cosine, double sine, double x, double y,
                   double pixels) {
  const double dx = x - a.x, dy = y - a.y, reach = a.radius + 1 / pixels;
  if (std::abs(dx) > reach || std::abs(dy) > reach) return 0;
  const Point p{(cosine * dx + sine * dy) / a.radius, (cosine * dy - sine * dx) / a.radius};
  return coverage(inside_shape(a.shape, p) * a.radius * pixels);
}

}  // namespace

void draw_shape(const ShapeAttributes& a, std::int64_t size, std::span<float> image) {
  const auto side = static_cast<std::size_t>(size), plane = side * side;
  if (size < 1 || image.size() != 3 * plane)
    throw ShapeError("draw_shape", fmt::format("image must have 3 x {} x {} numbers, got {}", size,
                                               size, image.size()));
  const auto pixels = static_cast<double>(size);
  const Ground ground(a, pixels);
  const double cosine = std::cos(a.rotation), sine = std::sin(a.rotation);
  for (std::size_t row = 0; row < side; ++row)
    for (std::size_t column = 0; column < side; ++column) {
      const double x = (static_cast<double>(column) + 0.5) / pixels;
      const double y = (static_cast<double>(row) + 0.5) / pixels;
      const UnitRgb under = mix(a.ground_from, a.ground_to, ground.at(x, y));
      const UnitRgb seen = mix(under, a.ink, shape_share(a, cosine, sine, x, y, pixels));
      const std::size_t at = row * side + column;
      image[at] = level_of(byte_of(seen.red));
      image[plane + at] = level_of(byte_of(seen.green));
      image[2 * plane + at] = level_of(byte_of(seen.blue));
    }
}

void draw_outline(const ShapeAttributes& a, std::int64_t size, std::span<float> image) {
  constexpr double kHalfLine = 1;  // pixels
  const auto side = static_cast<std::size_t>(size);
  if (size < 1 || image.size() != side * side)
    throw ShapeError("draw_outline", fmt::format("image must have {} x {} numbers, got {}", size,
                                                 size, image.size()));
  const auto pixels = static_cast<double>(size);
  const double cosine = std::cos(a.rotation), sine = std::sin(a.rotation);
  for (std::size_t i = 0; i < image.size(); ++i) {
    const double dx = (static_cast<double>(i % side) + 0.5) / pixels - a.x;
    const double dy = (static_cast<double>(i / side) + 0.5) / pixels - a.y;
    const Point p{(cosine * dx + sine * dy) / a.radius, (cosine * dy - sine * dx) / a.radius};
    const double away = std::abs(inside_shape(a.shape, p)) * a.radius * pixels;
    image[i] = level_of(byte_of(static_cast<float>(coverage(kHalfLine - away))));
  }
}

}  // namespace kiln
