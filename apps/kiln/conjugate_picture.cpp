#include "apps/kiln/conjugate_picture.h"

#include <fmt/format.h>

#include <functional>
#include <utility>

#include "kiln/io/svg.h"
#include "kiln/io/svg_plot.h"

namespace kiln::program {
namespace {

PlotSeries curve(std::string name, double low, double high,
                 const std::function<double(double)>& g) {
  constexpr int kPoints = 400;
  PlotSeries series{.name = std::move(name)};
  for (int i = 0; i <= kPoints; ++i) {
    series.x.push_back(low + (high - low) * i / kPoints);
    series.y.push_back(g(series.x.back()));
  }
  return series;
}

}  // namespace

std::string conjugate_picture(const FDivergence& row) {
  constexpr double kTouch = 2;
  const double t = row.slope(kTouch), at_t = row.conjugate(t);
  auto tangent = curve("u t - f*(t), t = f'(2)", .02, 5, [&](double u) { return u * t - at_t; });
  tangent.dashed = true;
  const double low = row.slope(.25), high = row.slope(6);
  return svg_row(
      {svg_line_plot({.title = fmt::format("{}: f and a tangent", row.title),
                      .x_label = "u = p / q",
                      .y_label = "f(u)",
                      .series = {curve("f", .02, 5, [&](double u) { return row.f(u); }), tangent}}),
       svg_line_plot({.title = "its conjugate",
                      .x_label = "t, a value of the critic",
                      .y_label = "f*(t)",
                      .series = {curve("f*", low, high > low ? high : low + 1,
                                       [&](double s) { return row.conjugate(s); }),
                                 {"t = f'(2)", {t, t}, {row.conjugate(low), at_t}, true}}})},
      fmt::format("{} and its Fenchel conjugate", row.title));
}

}  // namespace kiln::program
