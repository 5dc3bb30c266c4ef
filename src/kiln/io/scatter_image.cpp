#include "kiln/io/scatter_image.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kiln/core/error.h"

namespace kiln {
namespace {

constexpr double kMargin = 4;  // pixels around the box
constexpr Rgb kBox{136, 136, 136};

// Colours that are laid over one another, not yet rounded.
class Canvas {
 public:
  explicit Canvas(std::int64_t side)
      : side_(side), levels_(static_cast<std::size_t>(3 * side * side), 255) {}

  void blend(std::int64_t column, std::int64_t row, const Rgb& colour, double opacity) {
    if (column < 0 || row < 0 || column >= side_ || row >= side_) return;
    double* level = &levels_[static_cast<std::size_t>(3 * (row * side_ + column))];
    for (const double over : {colour.red, colour.green, colour.blue}) {
      *level += opacity * (over - *level);
      ++level;
    }
  }

  // A disc about (x, y), pixel (column, row) having its centre at (column + 1/2, row + 1/2).
  void dot(double x, double y, const Dots& dots) {
    const auto first = [&](double at) { return std::llround(std::ceil(at - dots.radius - 1)); };
    const auto last = [&](double at) { return std::llround(std::floor(at + dots.radius)); };
    for (auto row = first(y); row <= last(y); ++row)
      for (auto column = first(x); column <= last(x); ++column) {
        const double distance =
            std::hypot(static_cast<double>(column) + 0.5 - x, static_cast<double>(row) + 0.5 - y);
        const double covered = std::clamp(dots.radius + 0.5 - distance, 0.0, 1.0);
        if (covered > 0) blend(column, row, dots.colour, covered * dots.opacity);
      }
  }

  // One pixel wide, `margin` pixels from the edge.
  void box(std::int64_t margin) {
    const auto low = margin, high = side_ - 1 - margin;
    for (auto at = low; at <= high; ++at) {
      blend(at, low, kBox, 1), blend(at, high, kBox, 1);
      if (at > low && at < high) blend(low, at, kBox, 1), blend(high, at, kBox, 1);
    }
  }

  Image image() const {
    Image image{.width = side_, .height = side_, .channels = 3};
    for (const double level : levels_)
      image.pixels.push_back(static_cast<std::uint8_t>(std::lround(level)));
    return image;
  }

 private:
  std::int64_t side_;
  std::vector<double> levels_;  // [side, side, RGB], 0 to 255
};

bool within(double value, const Range& range) { return value >= range.low && value <= range.high; }

}  // namespace

Image scatter_image(const ScatterImage& plot) {
  if (plot.side < 32 || plot.side > 8192)
    throw ConfigError("scatter_image",
                      fmt::format("side must be between 32 and 8192, got {}", plot.side));
  const double from = kMargin + 0.5, to = static_cast<double>(plot.side) - kMargin - 0.5;
  const Axis across{.range = plot.x, .from = from, .to = to},
      up{.range = plot.y, .from = to, .to = from};
  Canvas canvas(plot.side);
  canvas.box(static_cast<std::int64_t>(kMargin));
  for (const auto& dots : plot.layers) {
    if (dots.x.size() != dots.y.size())
      throw ShapeError("scatter_image",
                       fmt::format("a layer has {} x and {} y", dots.x.size(), dots.y.size()));
    for (std::size_t i = 0; i < dots.x.size(); ++i)
      if (within(dots.x[i], plot.x) && within(dots.y[i], plot.y))  // false for NaN
        canvas.dot(across.at(dots.x[i]), up.at(dots.y[i]), dots);
  }
  return canvas.image();
}

}  // namespace kiln
