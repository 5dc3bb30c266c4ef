#include "kiln/io/svg_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kiln/core/error.h"
#include "kiln/io/plot_frame.h"

namespace kiln {
namespace {

constexpr std::size_t kMostPoints = 2000;  // of one unbroken line: several for each pixel

struct Point {
  double x, y;
};
using Points = std::vector<Point>;

void check_series(const std::vector<PlotSeries>& series) {
  for (const auto& one : series)
    if (one.x.size() != one.y.size())
      throw ShapeError("plot",
                       fmt::format("'{}' has {} x and {} y", one.name, one.x.size(), one.y.size()));
}

// Only points of which both numbers can be shown decide how long the axes are; of y those after
// the `steep` share of x, where there are any.
std::pair<Range, Range> ranges(const std::vector<PlotSeries>& series, bool log_y,
                               double steep = 0) {
  std::vector<double> xs, ys, late;
  const auto each = [&](auto&& take) {
    for (const auto& one : series)
      for (std::size_t i = 0; i < one.x.size(); ++i)
        if (plottable(one.x[i]) && plottable(one.y[i], log_y)) take(one.x[i], one.y[i]);
  };
  each([&](double x, double y) { xs.push_back(x), ys.push_back(y); });
  const auto x = range_of(xs);
  const double first = x.low + steep * (x.high - x.low);
  each([&](double at, double y) {
    if (at >= first) late.push_back(y);
  });
  return {x, range_of(late.empty() ? ys : late, log_y)};
}

// The parts of a series between its gaps.
std::vector<Points> unbroken(const PlotSeries& series, bool log_y) {
  std::vector<Points> parts(1);
  for (std::size_t i = 0; i < series.x.size(); ++i)
    if (plottable(series.x[i]) && plottable(series.y[i], log_y))
      parts.back().push_back({series.x[i], series.y[i]});
    else if (!parts.back().empty())
      parts.emplace_back();
  if (parts.back().empty()) parts.pop_back();
  return parts;
}

// Of every group of neighbours the lowest and the highest, in their order.
Points thinned(const Points& points) {
  if (points.size() <= kMostPoints) return points;
  const std::size_t group = (2 * points.size() + kMostPoints - 1) / kMostPoints;
  Points kept;
  for (auto first = points.begin(); first != points.end();) {
    const auto last =
        first + std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(group), points.end() - first);
    auto [low, high] = std::minmax_element(first, last, [](Point a, Point b) { return a.y < b.y; });
    if (high < low) std::swap(low, high);
    kept.push_back(*low);
    if (high != low) kept.push_back(*high);
    first = last;
  }
  return kept;
}

// Where the line from a to b, which lie on two sides of `y`, crosses it.
Point crossing(Point a, Point b, double y) {
  return {a.x + (b.x - a.x) * (y - a.y) / (b.y - a.y), y};
}

// The parts of a line that lie from y = top to y = bottom, pixels.
std::vector<Points> within(const Points& line, double top, double bottom) {
  const auto edge_beyond = [&](Point p) { return p.y < top ? top : bottom; };
  const auto inside = [&](Point p) { return p.y >= top && p.y <= bottom; };
  std::vector<Points> parts(1);
  for (std::size_t i = 0; i < line.size(); ++i) {
    const auto p = line[i];
    if (i > 0 && !inside(line[i - 1]) && (inside(p) || edge_beyond(line[i - 1]) != edge_beyond(p)))
      parts.back().push_back(crossing(line[i - 1], p, edge_beyond(line[i - 1])));
    if (inside(p)) {
      parts.back().push_back(p);
    } else if (!parts.back().empty()) {
      parts.back().push_back(crossing(line[i - 1], p, edge_beyond(p)));
      parts.emplace_back();
    }
  }
  if (parts.back().empty()) parts.pop_back();
  return parts;
}

// A part of one point is drawn as a dot: a line of no length with round ends.
std::string path_of(const PlotFrame& frame, const std::vector<Points>& parts, double height) {
  std::string data;
  for (const auto& part : parts) {
    Points pixels;
    for (const auto& point : thinned(part)) pixels.push_back({frame.x(point.x), frame.y(point.y)});
    for (const auto& points : within(pixels, frame.top(), frame.top() + height)) {
      for (std::size_t i = 0; i < points.size(); ++i)
        data += fmt::format("{}{} {}", i ? "L" : "M", Svg::number(points[i].x),
                            Svg::number(points[i].y));
      if (points.size() == 1) data += "h0";
    }
  }
  return data;
}

// Beyond ten series the colours repeat, dashed.
bool is_dashed(const LinePlot& plot, std::size_t index) {
  return plot.series[index].dashed || index >= kSeriesColours;
}

// Thin where there are so many points that a line becomes a band.
std::string line_style(const LinePlot& plot, std::size_t index) {
  return fmt::format(
      "fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\" "
      "stroke-linecap=\"round\"{}",
      series_colour(index), plot.series[index].x.size() > kMostPoints ? 1 : 2,
      is_dashed(plot, index) ? " stroke-dasharray=\"6 4\"" : "");
}

}  // namespace

std::string svg_line_plot(const LinePlot& plot) {
  check_series(plot.series);
  FrameSpec spec{
      .title = plot.title, .x_label = plot.x_label, .y_label = plot.y_label, .log_y = plot.log_y};
  for (std::size_t i = 0; i < plot.series.size(); ++i)
    spec.legend.push_back({plot.series[i].name, std::string(series_colour(i)),
                           is_dashed(plot, i) ? LegendMark::dashed_line : LegendMark::line});
  if (plot.square) spec.width = spec.height = 400;
  const auto [x, y] = ranges(plot.series, plot.log_y, plot.steep);
  spec.x = widened(x, 0), spec.y = widened(y, 0.05, plot.log_y);
  PlotFrame frame(spec);
  bool empty = true;
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    const std::string data = path_of(frame, unbroken(plot.series[i], plot.log_y), spec.height);
    if (data.empty()) continue;
    empty = false;
    frame.svg().path(data, line_style(plot, i));
  }
  if (empty) frame.say_no_data();
  return frame.finish();
}

namespace {

constexpr const char* kGrey = "#9a948c";

bool lies_in(const Range& range, double value) {
  return value >= std::min(range.low, range.high) && value <= std::max(range.low, range.high);
}

// The points of a series that the axes show.
Points shown(const PlotSeries& series, const Range& x, const Range& y) {
  Points points;
  for (const auto& part : unbroken(series, false))
    for (const auto& point : part)
      if (lies_in(x, point.x) && lies_in(y, point.y)) points.push_back(point);
  return points;
}

void draw_dots(PlotFrame& frame, const Points& points, std::string_view colour, double opacity,
               double radius) {
  frame.svg().open_group(fmt::format("fill=\"{}\" fill-opacity=\"{}\"", colour, opacity));
  for (const auto& point : points) frame.svg().circle(frame.x(point.x), frame.y(point.y), radius);
  frame.svg().close_group();
}

std::string name_with_missing(const PlotSeries& series, std::size_t drawn) {
  const auto missing = series.x.size() - drawn;
  if (missing == 0 || series.name.empty()) return series.name;
  return fmt::format("{} ({} of {} lie beyond)", series.name, missing, series.x.size());
}

}  // namespace

std::string svg_scatter_plot(const ScatterPlot& plot) {
  check_series(plot.classes);
  check_series({plot.behind});
  const bool held = !plot.behind.x.empty();
  FrameSpec spec{.title = plot.title, .x_label = plot.x_label, .y_label = plot.y_label};
  const auto [x, y] = ranges(held ? std::vector{plot.behind} : plot.classes, false);
  spec.x = widened(x, held ? 0.15 : 0.04), spec.y = widened(y, held ? 0.15 : 0.04);
  if (plot.limit > 0) spec.x = spec.y = {-plot.limit, plot.limit};
  if (plot.equal_scale) {
    spec.width = spec.height = 400;
    equalise(spec.x, spec.y);
  }
  if (held) spec.legend.push_back({plot.behind.name, kGrey, LegendMark::dot});
  std::vector<Points> dots;
  for (std::size_t i = 0; i < plot.classes.size(); ++i) {
    dots.push_back(shown(plot.classes[i], spec.x, spec.y));
    spec.legend.push_back(
        {held ? name_with_missing(plot.classes[i], dots[i].size()) : plot.classes[i].name,
         std::string(series_colour(i)), LegendMark::dot});
  }
  PlotFrame frame(spec);
  if (held) draw_dots(frame, shown(plot.behind, spec.x, spec.y), kGrey, 0.5, 0.6 * plot.radius);
  bool empty = !held;
  for (std::size_t i = 0; i < dots.size(); ++i) {
    draw_dots(frame, dots[i], series_colour(i), 0.65, plot.radius);
    empty = empty && dots[i].empty();
  }
  if (empty) frame.say_no_data();
  return frame.finish();
}

}  // namespace kiln
