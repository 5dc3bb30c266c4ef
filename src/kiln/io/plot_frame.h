#pragma once

#include <string>
#include <vector>

#include "kiln/io/plot_axis.h"
#include "kiln/io/svg.h"

namespace kiln {

enum class LegendMark { line, dashed_line, dot, box };

struct LegendEntry {
  std::string name = {};  ///< An entry without a name is not shown.
  std::string colour = {};
  LegendMark mark = LegendMark::line;
};

/// Everything of a plot but its data.
struct FrameSpec {
  std::string title = {}, x_label = {}, y_label = {};
  Range x = {}, y = {};  ///< high may lie below low: the axis then runs backwards.
  bool log_y = false;
  bool grid = true;
  std::vector<LegendEntry> legend = {};
  double width = 540, height = 300;  ///< Pixels of the area where data are drawn.
  int x_ticks = 6, y_ticks = 5;      ///< About so many.
  double right_margin = 24;
};

/// Draws axes, grid, labels and legend around an area, and tells where data belong in it.
class PlotFrame {
 public:
  explicit PlotFrame(const FrameSpec& spec);

  double x(double value) const { return x_.at(value); }
  double y(double value) const { return y_.at(value); }
  double left() const { return left_; }
  double top() const { return top_; }
  Svg& svg() { return svg_; }

  void say_no_data();  ///< In the middle of the area.
  std::string finish();

 private:
  void draw_titles();
  void draw_legend();
  void draw_ticks();

  FrameSpec spec_;
  std::vector<Tick> x_ticks_, y_ticks_;
  std::vector<std::vector<LegendEntry>> legend_rows_;
  double left_, top_;
  Axis x_, y_;
  Svg svg_;
};

/// A title around x, smaller where it is wider than `room` pixels; nothing where it is empty.
void draw_title(Svg& svg, double x, double y, const std::string& title, double room);

/// Pixels that a text of 12 pixels' height takes, about.
double text_width(std::string_view text);
double label_width(const std::vector<Tick>& ticks);  ///< Of the widest.

}  // namespace kiln
