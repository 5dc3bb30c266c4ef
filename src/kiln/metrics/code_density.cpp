#include "kiln/metrics/code_density.h"

#include <torch/types.h>

#include "kiln/core/check.h"

namespace kiln {

HeatMap code_density(const Tensor& points, double limit, std::int64_t cells) {
  check_shape("code_density", "points", points, {kAny, 2});
  KILN_ASSERT(limit > 0 && cells > 0);
  const double side = 2 * limit / static_cast<double>(cells);
  const auto place = ((points + limit) / side).floor().clamp(0, cells - 1).to(torch::kInt64);
  const auto cell = (cells - 1 - place.select(1, 1)) * cells + place.select(1, 0);
  const auto density = torch::bincount(cell, {}, cells * cells).to(torch::kFloat64) /
                       (static_cast<double>(points.size(0)) * side * side);
  return {.rows = cells,
          .columns = cells,
          .values = {density.data_ptr<double>(), density.data_ptr<double>() + density.numel()},
          .x_left = -limit,
          .x_right = limit,
          .y_top = limit,
          .y_bottom = -limit};
}

}  // namespace kiln
