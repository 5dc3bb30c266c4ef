#pragma once

#include "kiln/core/tensor.h"
#include "kiln/io/svg_plot.h"

namespace kiln {

/// How dense points lie on the square from -limit to limit: cells x cells values, each the share of
/// all points that lie in the cell over the cell's area, row 0 at the top.  points [N, 2] float64,
/// N >= 1; those beyond the square count in its outermost cells.  limit > 0.
HeatMap code_density(const Tensor& points, double limit, std::int64_t cells);

}  // namespace kiln
