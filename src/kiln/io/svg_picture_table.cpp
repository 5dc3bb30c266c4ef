#include <fmt/format.h>

#include <algorithm>

#include "kiln/core/error.h"
#include "kiln/io/base64.h"
#include "kiln/io/plot_frame.h"
#include "kiln/io/svg_plot.h"

namespace kiln {
namespace {

constexpr double kEdge = 12, kTitle = 26, kLetter = 12, kGap = 6;  // pixels
constexpr double kLeastWidth = 480, kMostWidth = 900;              // of the pictures
constexpr std::string_view kWord = "font-size=\"12\" fill=\"#333333\"";
constexpr std::string_view kLabel = "text-anchor=\"middle\" font-size=\"13\" fill=\"#111111\"";

void check(const char* what, std::size_t words, std::int64_t cells) {
  if (words != 0 && static_cast<std::int64_t>(words) != cells)
    throw ShapeError("plot", fmt::format("a table of pictures has {} {}, and {} words for them",
                                         cells, what, words));
}

double widest(const std::vector<std::string>& words) {
  double width = 0;
  for (const auto& word : words) width = std::max(width, text_width(word));
  return width;
}

}  // namespace

std::string svg_picture_table(const Image& grid, const PictureTable& table) {
  check("columns", table.column_words.size(), table.columns);
  check("rows", table.row_words.size(), table.rows);
  const double for_words = static_cast<double>(table.columns) * (widest(table.column_words) + kGap);
  const double wanted = std::max(static_cast<double>(grid.width), for_words);
  const double scale =
      std::clamp(wanted, kLeastWidth, kMostWidth) / static_cast<double>(grid.width);
  const double width = scale * static_cast<double>(grid.width);
  const double height = scale * static_cast<double>(grid.height);
  const double cell_width = width / static_cast<double>(table.columns);
  const double cell_height = height / static_cast<double>(table.rows);
  const double left = kEdge + (table.y_label.empty() ? 0 : 22) + widest(table.row_words) + kGap;
  const double top = kEdge + (table.title.empty() ? 0 : kTitle);
  const double below =
      (table.column_words.empty() ? 0 : kLetter + kGap) + (table.x_label.empty() ? 0 : 24) + kEdge;
  Svg svg(left + width + kEdge, top + height + below, table.title);
  draw_title(svg, left + width / 2, kEdge + 12, table.title, width);
  svg.png(left, top, width, height, base64(encode_png(grid)));
  // Words that would run into each other are left out evenly.
  const auto every = static_cast<std::size_t>(
      std::max(1.0, std::ceil((widest(table.column_words) + kGap) / cell_width)));
  for (std::size_t i = 0; i < table.column_words.size(); i += every)
    svg.text(left + (static_cast<double>(i) + 0.5) * cell_width, top + height + kLetter + kGap,
             table.column_words[i], fmt::format("text-anchor=\"middle\" {}", kWord));
  for (std::size_t i = 0; i < table.row_words.size(); ++i)
    svg.text(left - kGap, top + (static_cast<double>(i) + 0.5) * cell_height + 4,
             table.row_words[i], fmt::format("text-anchor=\"end\" {}", kWord));
  if (!table.x_label.empty())
    svg.text(left + width / 2, top + height + below - kEdge, table.x_label, kLabel);
  const double x = kEdge + 12, y = top + height / 2;
  if (!table.y_label.empty())
    svg.text(
        x, y, table.y_label,
        fmt::format("{} transform=\"rotate(-90 {} {})\"", kLabel, Svg::number(x), Svg::number(y)));
  return svg.finish();
}

}  // namespace kiln
