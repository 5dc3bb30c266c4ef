#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kiln/core/error.h"
#include "kiln/io/base64.h"
#include "kiln/io/image.h"
#include "kiln/io/image_grid.h"
#include "kiln/io/plot_frame.h"
#include "kiln/io/svg_plot.h"

namespace kiln {
namespace {

constexpr double kSide = 400, kBarGap = 18, kBarWidth = 16;  // pixels

void push_colour(Image& image, Rgb colour) {
  for (const double part : {colour.red, colour.green, colour.blue})
    image.pixels.push_back(static_cast<std::uint8_t>(std::lround(part)));
}

// One pixel for each cell, made larger so that viewers which smooth pictures keep its edges.
std::string cells_png(const HeatMap& map, Range range) {
  Image image{.width = map.columns, .height = map.rows, .channels = 3};
  for (const double value : map.values)
    push_colour(image, plottable(value)
                           ? scale_colour((value - range.low) / (range.high - range.low))
                       : std::isnan(value) ? Rgb{221, 221, 221}
                                           : Rgb{255, 255, 255});
  const std::int64_t zoom =
      std::max<std::int64_t>(1, std::lround(2 * kSide) / std::max(map.rows, map.columns));
  return base64(encode_png(zoomed(image, zoom)));
}

std::string bar_png() {
  Image image{.width = 1, .height = 256, .channels = 3};
  for (int level = 255; level >= 0; --level) push_colour(image, scale_colour(level / 255.0));
  return base64(encode_png(image));
}

void draw_bar(PlotFrame& frame, const FrameSpec& spec, Range range, const std::string& label) {
  const double left = frame.left() + spec.width + kBarGap;
  const double top = frame.top(), bottom = top + spec.height;
  frame.svg().png(left, top, kBarWidth, spec.height, bar_png());
  frame.svg().rect(left, top, kBarWidth, spec.height, "fill=\"none\" stroke=\"#555555\"");
  const Axis axis{.range = range, .from = bottom, .to = top, .log = false};
  const auto ticks = linear_ticks(range, 5);
  for (const auto& tick : ticks)
    frame.svg().text(left + kBarWidth + 5, axis.at(tick.value) + 4, tick.label,
                     "font-size=\"12\" fill=\"#333333\"");
  const double x = left + kBarWidth + label_width(ticks) + 20, y = top + spec.height / 2;
  if (!label.empty())
    frame.svg().text(x, y, label,
                     fmt::format("text-anchor=\"middle\" font-size=\"13\" fill=\"#111111\" "
                                 "transform=\"rotate(-90 {} {})\"",
                                 Svg::number(x), Svg::number(y)));
}

}  // namespace

std::string svg_heat_map(const HeatMap& map) {
  if (map.rows < 1 || map.columns < 1 || map.rows > 4096 || map.columns > 4096 ||
      static_cast<std::size_t>(map.rows * map.columns) != map.values.size())
    throw ShapeError("plot", fmt::format("a heat map of {} x {} cells cannot hold {} values",
                                         map.rows, map.columns, map.values.size()));
  const auto rows = static_cast<double>(map.rows), columns = static_cast<double>(map.columns);
  FrameSpec spec{.title = map.title, .x_label = map.x_label, .y_label = map.y_label};
  spec.x = map.x_left == map.x_right ? Range{-0.5, columns - 0.5} : Range{map.x_left, map.x_right};
  spec.y = map.y_top == map.y_bottom ? Range{rows - 0.5, -0.5} : Range{map.y_bottom, map.y_top};
  const double ratio = std::clamp(columns / rows, 1.0 / 3, 3.0);
  spec.width = ratio < 1 ? kSide * ratio : kSide;
  spec.height = ratio < 1 ? kSide : kSide / ratio;
  // Never more ticks than cells: cells are not counted by halves.
  spec.x_ticks = static_cast<int>(std::min(columns, spec.width / 38));
  spec.y_ticks = static_cast<int>(std::min(rows, spec.height / 38));
  if (map.x_left != map.x_right) spec.x_ticks = spec.y_ticks = 6;
  spec.grid = false;
  spec.right_margin = kBarGap + kBarWidth + 76;
  const Range range = map.most > 0 ? Range{0, map.most} : widened(range_of(map.values), 0);
  PlotFrame frame(spec);
  frame.svg().png(frame.left(), frame.top(), spec.width, spec.height, cells_png(map, range));
  if (map.marked) {
    const double width = spec.width / columns, height = spec.height / rows;
    frame.svg().rect(frame.left() + static_cast<double>(map.marked->second) * width,
                     frame.top() + static_cast<double>(map.marked->first) * height, width, height,
                     "fill=\"none\" stroke=\"#d62728\" stroke-width=\"2\"");
  }
  draw_bar(frame, spec, range, map.value_label);
  return frame.finish();
}

}  // namespace kiln
