#include "kiln/theory/ordering_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "kiln/io/svg.h"

namespace kiln {
namespace {

constexpr double kMargin = 24, kTitle = 36;
constexpr std::int64_t kMostNumbers = 400;

// The visited cells of channel 0, row * width + column, in turn.
std::vector<std::int64_t> cells_of(const std::vector<std::int64_t>& order,
                                   const ImageShape& shape) {
  std::vector<std::int64_t> cells;
  for (const auto d : order)
    if (d < shape.height * shape.width) cells.push_back(d);
  return cells;
}

struct Layout {
  double cell;
  std::int64_t width;
  double x(std::int64_t c) const { return kMargin + (static_cast<double>(c % width) + 0.5) * cell; }
  double y(std::int64_t c) const { return kTitle + (static_cast<double>(c / width) + 0.5) * cell; }
};

void draw_cells(Svg& svg, const Layout& at, const std::vector<std::int64_t>& cells) {
  const auto last = std::max<double>(1, static_cast<double>(cells.size() - 1));
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto [red, green, blue] = scale_colour(static_cast<double>(i) / last);
    svg.rect(at.x(cells[i]) - at.cell / 2, at.y(cells[i]) - at.cell / 2, at.cell, at.cell,
             fmt::format("fill=\"rgb({:.0f},{:.0f},{:.0f})\" stroke=\"white\" stroke-width=\"0.5\"",
                         red, green, blue));
  }
}

void draw_path(Svg& svg, const Layout& at, const std::vector<std::int64_t>& cells) {
  std::string path;
  for (const auto c : cells)
    path += fmt::format("{}{} {}", path.empty() ? "M" : " L", Svg::number(at.x(c)),
                        Svg::number(at.y(c)));
  svg.path(path, fmt::format("fill=\"none\" stroke=\"white\" stroke-opacity=\"0.75\" "
                             "stroke-width=\"{}\"",
                             Svg::number(std::clamp(at.cell / 12, 0.6, 2.0))));
  svg.circle(at.x(cells.front()), at.y(cells.front()), at.cell * 0.3,
             "fill=\"white\" stroke=\"black\"");
  svg.circle(at.x(cells.back()), at.y(cells.back()), at.cell * 0.3,
             "fill=\"black\" stroke=\"white\"");
}

void draw_numbers(Svg& svg, const Layout& at, const std::vector<std::int64_t>& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const bool ink_white = i + 1 == cells.size() || (i > 0 && 2 * i < cells.size());
    svg.text(at.x(cells[i]), at.y(cells[i]) + at.cell * 0.12, std::to_string(i + 1),
             fmt::format("text-anchor=\"middle\" font-size=\"{}\" fill=\"{}\"",
                         Svg::number(at.cell * 0.32), ink_white ? "white" : "black"));
  }
}

}  // namespace

std::string ordering_picture(const std::vector<std::int64_t>& order, const ImageShape& shape,
                             std::string_view title) {
  const auto cells = cells_of(order, shape);
  const auto longest = static_cast<double>(std::max(shape.height, shape.width));
  const Layout at{std::clamp(560 / longest, 4.0, 48.0), shape.width};
  const double width = std::max(2 * kMargin + at.cell * static_cast<double>(shape.width), 280.0);
  Svg svg(width, kTitle + kMargin + at.cell * static_cast<double>(shape.height), title);
  svg.text(kMargin, kTitle - 14, title, "font-size=\"14\"");
  draw_cells(svg, at, cells);
  draw_path(svg, at, cells);
  if (static_cast<std::int64_t>(cells.size()) <= kMostNumbers) draw_numbers(svg, at, cells);
  return svg.finish();
}

double mean_jump(const std::vector<std::int64_t>& order, const ImageShape& shape) {
  const auto cells = cells_of(order, shape);
  double total = 0;
  for (std::size_t i = 1; i < cells.size(); ++i)
    total += static_cast<double>(std::abs(cells[i] / shape.width - cells[i - 1] / shape.width) +
                                 std::abs(cells[i] % shape.width - cells[i - 1] % shape.width));
  return cells.size() < 2 ? 0 : total / static_cast<double>(cells.size() - 1);
}

}  // namespace kiln
