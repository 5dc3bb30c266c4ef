#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kiln/io/plot_frame.h"
#include "kiln/io/svg_plot.h"

namespace kiln {
namespace {

// Rice's rule: twice the cube root of the number of values.
std::size_t bin_count(const HistogramPlot& plot) {
  if (plot.bins > 0) return static_cast<std::size_t>(std::min<std::int64_t>(plot.bins, 1000));
  std::size_t most = 0;
  for (const auto& one : plot.series) most = std::max(most, one.values.size());
  const double rice = std::ceil(2 * std::cbrt(static_cast<double>(most)));
  return static_cast<std::size_t>(std::clamp(rice, 5.0, 80.0));
}

// Heights of the bins, of area 1 together; empty if there is no value to count.
std::vector<double> densities(const std::vector<double>& values, Range range, std::size_t bins) {
  std::vector<double> heights(bins);
  const double width = (range.high - range.low) / static_cast<double>(bins);
  double total = 0;
  for (const double value : values) {
    if (!plottable(value)) continue;
    const auto bin = static_cast<std::size_t>((value - range.low) / width);
    ++heights[std::min(bin, bins - 1)];
    ++total;
  }
  if (total == 0) return {};
  for (double& height : heights) height /= total * width;
  return heights;
}

std::string outline(const PlotFrame& frame, const std::vector<double>& heights, Range range) {
  const double width = (range.high - range.low) / static_cast<double>(heights.size());
  std::string data =
      fmt::format("M{} {}", Svg::number(frame.x(range.low)), Svg::number(frame.y(0)));
  for (std::size_t i = 0; i < heights.size(); ++i)
    data += fmt::format("V{}H{}", Svg::number(frame.y(heights[i])),
                        Svg::number(frame.x(range.low + static_cast<double>(i + 1) * width)));
  return data + fmt::format("V{}Z", Svg::number(frame.y(0)));
}

}  // namespace

std::string svg_histogram(const HistogramPlot& plot) {
  std::vector<double> all;
  for (const auto& one : plot.series) all.insert(all.end(), one.values.begin(), one.values.end());
  const Range range = widened(range_of(all), 0);
  std::vector<std::vector<double>> heights;
  double highest = 0;
  for (const auto& one : plot.series) {
    heights.push_back(densities(one.values, range, bin_count(plot)));
    for (const double height : heights.back()) highest = std::max(highest, height);
  }
  FrameSpec spec{.title = plot.title, .x_label = plot.x_label, .y_label = "density"};
  spec.x = widened(range, 0.02), spec.y = {0, highest > 0 ? highest * 1.06 : 1};
  for (std::size_t i = 0; i < plot.series.size(); ++i)
    spec.legend.push_back({plot.series[i].name, std::string(series_colour(i)), LegendMark::box});
  PlotFrame frame(spec);
  for (std::size_t i = 0; i < heights.size(); ++i)
    if (!heights[i].empty())
      frame.svg().path(outline(frame, heights[i], range),
                       fmt::format("fill=\"{0}\" fill-opacity=\"0.4\" stroke=\"{0}\" "
                                   "stroke-width=\"1.5\" stroke-linejoin=\"round\"",
                                   series_colour(i)));
  if (highest == 0) frame.say_no_data();
  return frame.finish();
}

}  // namespace kiln
