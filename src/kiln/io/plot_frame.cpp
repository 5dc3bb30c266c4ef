#include "kiln/io/plot_frame.h"

#include <fmt/format.h>

#include <algorithm>

namespace kiln {
namespace {

constexpr double kEdge = 12, kTitleHeight = 26, kLegendRow = 20, kLegendGap = 14;
constexpr std::string_view kGrid = "stroke=\"#e3e3e3\" stroke-width=\"1\"";
constexpr std::string_view kAxisLine = "stroke=\"#555555\" stroke-width=\"1\"";
constexpr std::string_view kTickText = "font-size=\"12\" fill=\"#333333\"";

double mark_width(const LegendEntry& entry) { return entry.mark == LegendMark::dot ? 18 : 28; }

double legend_width(const LegendEntry& entry) {
  return mark_width(entry) + text_width(entry.name) + kLegendGap;
}

std::vector<std::vector<LegendEntry>> legend_rows(const std::vector<LegendEntry>& entries,
                                                  double width) {
  std::vector<std::vector<LegendEntry>> rows;
  double used = 0;
  for (const auto& entry : entries) {
    if (entry.name.empty()) continue;
    if (rows.empty() || used + legend_width(entry) > width) rows.emplace_back(), used = 0;
    used += legend_width(entry);
    rows.back().push_back(entry);
  }
  return rows;
}

double top_of_area(const FrameSpec& spec, std::size_t rows) {
  return kEdge + (spec.title.empty() ? 0 : kTitleHeight) + kLegendRow * static_cast<double>(rows) +
         (rows ? 6 : 0);
}

}  // namespace

double text_width(std::string_view text) {
  return 7.2 * static_cast<double>(character_count(text));
}

double label_width(const std::vector<Tick>& ticks) {
  double width = 0;
  for (const auto& tick : ticks) width = std::max(width, text_width(tick.label));
  return width;
}

// Bold letters of 15 pixels are about 1.35 times as wide.
void draw_title(Svg& svg, double x, double y, const std::string& title, double room) {
  if (title.empty()) return;
  const double wide = 1.35 * text_width(title);
  svg.text(x, y, title,
           fmt::format("text-anchor=\"middle\" font-size=\"{}\" font-weight=\"bold\" "
                       "fill=\"#111111\"",
                       Svg::number(15 * std::min(1.0, room / wide))));
}

PlotFrame::PlotFrame(const FrameSpec& spec)
    : spec_(spec),
      x_ticks_(linear_ticks(spec.x, spec.x_ticks)),
      y_ticks_(spec.log_y ? log_ticks(spec.y, spec.y_ticks) : linear_ticks(spec.y, spec.y_ticks)),
      legend_rows_(legend_rows(spec.legend, spec.width + 20)),
      left_(std::round(kEdge + (spec.y_label.empty() ? 0 : 22) + label_width(y_ticks_) + 8)),
      top_(top_of_area(spec, legend_rows_.size())),
      x_{.range = spec.x, .from = left_, .to = left_ + spec.width, .log = false},
      y_{.range = spec.y, .from = top_ + spec.height, .to = top_, .log = spec.log_y},
      svg_(left_ + spec.width + spec.right_margin,
           top_ + spec.height + (spec.x_label.empty() ? 28 : 50), spec.title) {
  draw_titles();
  draw_legend();
  draw_ticks();
}

void PlotFrame::draw_titles() {
  const double middle_x = left_ + spec_.width / 2, middle_y = top_ + spec_.height / 2;
  const double bottom = top_ + spec_.height;
  draw_title(svg_, middle_x, kEdge + 14, spec_.title, spec_.width + 2 * spec_.right_margin);
  if (!spec_.x_label.empty())
    svg_.text(middle_x, bottom + 40, spec_.x_label,
              "text-anchor=\"middle\" font-size=\"13\" fill=\"#111111\"");
  if (!spec_.y_label.empty())
    svg_.text(kEdge + 12, middle_y, spec_.y_label,
              fmt::format("text-anchor=\"middle\" font-size=\"13\" fill=\"#111111\" "
                          "transform=\"rotate(-90 {} {})\"",
                          Svg::number(kEdge + 12), Svg::number(middle_y)));
}

void PlotFrame::draw_legend() {
  double y = kEdge + (spec_.title.empty() ? 0 : kTitleHeight) + 12;
  for (const auto& row : legend_rows_) {
    double x = left_;
    for (const auto& entry : row) {
      const auto stroke = fmt::format("stroke=\"{}\" stroke-width=\"2.5\"", entry.colour);
      const auto fill = fmt::format("fill=\"{}\"", entry.colour);
      if (entry.mark == LegendMark::line) svg_.line(x, y - 4, x + 22, y - 4, stroke);
      if (entry.mark == LegendMark::dashed_line)
        svg_.line(x, y - 4, x + 22, y - 4, stroke + " stroke-dasharray=\"6 4\"");
      if (entry.mark == LegendMark::dot) svg_.circle(x + 8, y - 4, 5, fill);
      if (entry.mark == LegendMark::box)
        svg_.rect(x + 4, y - 10, 16, 12, fill + " fill-opacity=\"0.6\"");
      svg_.text(x + mark_width(entry), y, entry.name, "font-size=\"12\" fill=\"#111111\"");
      x += legend_width(entry);
    }
    y += kLegendRow;
  }
}

void PlotFrame::draw_ticks() {
  const double right = left_ + spec_.width, bottom = top_ + spec_.height;
  for (const auto& tick : x_ticks_) {
    const double at = x(tick.value);
    if (spec_.grid) svg_.line(at, top_, at, bottom, kGrid);
    svg_.line(at, bottom, at, bottom + 4, kAxisLine);
    svg_.text(at, bottom + 18, tick.label, fmt::format("text-anchor=\"middle\" {}", kTickText));
  }
  for (const auto& tick : y_ticks_) {
    const double at = y(tick.value);
    if (spec_.grid) svg_.line(left_, at, right, at, kGrid);
    svg_.line(left_ - 4, at, left_, at, kAxisLine);
    svg_.text(left_ - 8, at + 4, tick.label, fmt::format("text-anchor=\"end\" {}", kTickText));
  }
}

void PlotFrame::say_no_data() {
  svg_.text(left_ + spec_.width / 2, top_ + spec_.height / 2, "no data",
            "text-anchor=\"middle\" font-size=\"14\" fill=\"#777777\"");
}

std::string PlotFrame::finish() {
  svg_.rect(left_, top_, spec_.width, spec_.height, fmt::format("fill=\"none\" {}", kAxisLine));
  return svg_.finish();
}

}  // namespace kiln
