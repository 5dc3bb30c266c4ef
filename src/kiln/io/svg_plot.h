#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kiln/io/image.h"

namespace kiln {

// Plots as SVG text: deterministic, readable without a program, safe for any colour vision. Numbers
// that are not finite (or not positive on a log axis) leave gaps; labels should name their units.

struct PlotSeries {
  std::string name = {};  ///< In the legend; may be empty.
  std::vector<double> x = {}, y = {};
  bool dashed = false;  ///< Lines only.
};

struct LinePlot {
  std::string title = {}, x_label = {}, y_label = {};
  std::vector<PlotSeries> series = {};
  bool log_y = false;
  bool square = false;  ///< As high as it is wide.
  /// A share of x at the left whose points do not decide how high the axis is: lines that fall
  /// steeply at first enter the frame from above.
  double steep = 0;
};

/// Long series are thinned to the least and largest of neighbours, so no peak is lost.  Throws
/// ShapeError when a series has more x than y or less.
std::string svg_line_plot(const LinePlot& plot);

struct ScatterPlot {
  std::string title = {}, x_label = {}, y_label = {};
  std::vector<PlotSeries> classes = {};  ///< One colour each.
  /// Grey, beneath the classes.  Where it has points the axes are those that it asks for; points of
  /// the classes beyond them are counted in the legend, not drawn.
  PlotSeries behind = {};
  bool equal_scale = true;  ///< One unit is as long across as up.
  double limit = 0;         ///< Both axes from -limit to limit; 0: as the points ask.
  double radius = 2.5;      ///< Pixels.
};

std::string svg_scatter_plot(const ScatterPlot& plot);

struct HistogramSeries {
  std::string name = {};
  std::vector<double> values = {};
};

struct HistogramPlot {
  std::string title = {}, x_label = {};
  std::vector<HistogramSeries> series = {};  ///< Overlaid.  Each is scaled to area 1.
  std::int64_t bins = 0;                     ///< 0: by the number of values (Rice's rule).
};

std::string svg_histogram(const HistogramPlot& plot);

struct HeatMap {
  std::string title = {}, x_label = {}, y_label = {}, value_label = {};
  std::int64_t rows = 0, columns = 0;
  /// Row by row; row 0 is drawn at the top.  White: infinite; grey: NaN.
  std::vector<double> values = {};
  /// What the axes show at the edges.  Left equal, they count cells, ticks at the cells' centres.
  double x_left = 0, x_right = 0, y_top = 0, y_bottom = 0;
  double most = 0;  ///< Value of the brightest colour, the darkest being 0; 0: as the values ask.
  std::optional<std::pair<std::int64_t, std::int64_t>> marked = {};  ///< A cell with a frame.
};

/// Throws ShapeError unless there are rows * columns values.
std::string svg_heat_map(const HeatMap& map);

/// Words at the edges of a grid of pictures.
struct PictureTable {
  std::string title = {}, x_label = {}, y_label = {};
  std::int64_t rows = 0, columns = 0;
  std::vector<std::string> row_words = {}, column_words = {};  ///< One for each, or none.
};

/// A grid as make_grid makes it, under and beside the words.  Throws ShapeError for words that are
/// more or less than rows and columns.
std::string svg_picture_table(const Image& grid, const PictureTable& table);

}  // namespace kiln
