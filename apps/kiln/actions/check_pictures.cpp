#include "apps/kiln/actions/check_pictures.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <cmath>

#include "kiln/core/error.h"
#include "kiln/core/text.h"
#include "kiln/io/svg_plot.h"

namespace kiln::program {
namespace {

std::int64_t side(const std::string& text, std::int64_t length) {
  const auto number = parse_integer(text);
  if (!number || *number < 0 || *number >= length)
    throw ConfigError("check.pixel",
                      fmt::format("needs ROW,COLUMN, each from 0 up and inside of the "
                                  "picture, got '{}'",
                                  text));
  return *number;
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

std::string field_picture(const CheckArguments& a, const Leaks& leaks, const Autoregressive& model,
                          const std::vector<std::int64_t>& shape) {
  if (shape.size() != 3)
    throw ConfigError("check.field", "shows what a pixel reads, and the items are a table");
  const auto comma = a.pixel.find(',');
  const auto row = a.pixel.empty() ? shape[1] / 2 : side(a.pixel.substr(0, comma), shape[1]);
  const auto column = a.pixel.empty()              ? shape[2] / 2
                      : comma == std::string::npos ? side("", shape[2])
                                                   : side(a.pixel.substr(comma + 1), shape[2]);
  const auto field = receptive_field(leaks, model.ordering(), shape, row, column);
  HeatMap map{.title = fmt::format("What the law of pixel {},{} reads", row, column),
              .x_label = "column",
              .y_label = "row",
              .value_label = "log10 of the change, nats",
              .rows = shape[1],
              .columns = shape[2]};
  for (std::int64_t k = 0; k < field.numel(); ++k)
    map.values.push_back(std::log10(field.data_ptr<double>()[k]));
  return svg_heat_map(map);
}

}  // namespace kiln::program
