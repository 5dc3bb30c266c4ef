#include "apps/kiln/actions/check_pictures.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <cmath>
#include <optional>

#include "kiln/core/error.h"
#include "kiln/core/text.h"
#include "kiln/io/svg_plot.h"

namespace kiln::program {
namespace {

std::optional<std::int64_t> side(const std::string& text, std::int64_t length) {
  const auto number = parse_integer(text);
  return number && *number >= 0 && *number < length ? number : std::nullopt;
}

}  // namespace

std::string leak_picture(const Leaks& leaks) {
  HeatMap map{.title = "Which conditional moves when one number is changed",
              .x_label = "step of the number that was changed",
              .y_label = "step of the conditional",
              .value_label = "log10 of the change, nats",
              .rows = leaks.moves.size(0),
              .columns = leaks.moves.size(1)};
  const auto moves = leaks.moves.contiguous();
  for (std::int64_t k = 0; k < moves.numel(); ++k)
    map.values.push_back(std::log10(moves.data_ptr<double>()[k]));
  return svg_heat_map(map);
}

PixelOfShape asked_pixel(const CheckArguments& a, const std::vector<std::int64_t>& shape) {
  if (shape.size() != 3)
    throw ConfigError("check.field", "shows what a pixel reads, and the items are a table");
  if (a.pixel.empty()) return {shape, shape[1] / 2, shape[2] / 2};
  const auto comma = a.pixel.find(',');
  const auto row = side(a.pixel.substr(0, comma), shape[1]);
  const auto column =
      comma == std::string::npos ? std::nullopt : side(a.pixel.substr(comma + 1), shape[2]);
  if (!row || !column)
    throw ConfigError("check.pixel",
                      fmt::format("needs ROW,COLUMN, ROW from 0 to {}, COLUMN from 0 to {}, got "
                                  "'{}'",
                                  shape[1] - 1, shape[2] - 1, a.pixel));
  return {shape, *row, *column};
}

std::string field_picture(const PixelOfShape& pixel, const Tensor& field) {
  HeatMap map{.title = fmt::format("What the law of pixel {},{} reads", pixel.row, pixel.column),
              .x_label = "column",
              .y_label = "row",
              .value_label = "log10 of the change, nats",
              .rows = pixel.shape[1],
              .columns = pixel.shape[2],
              .marked = {{pixel.row, pixel.column}}};
  for (std::int64_t k = 0; k < field.numel(); ++k)
    map.values.push_back(std::log10(field.data_ptr<double>()[k]));
  return svg_heat_map(map);
}

}  // namespace kiln::program
