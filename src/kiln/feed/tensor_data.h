#pragma once

#include <optional>

#include "kiln/core/tensor.h"
#include "kiln/data/dataset.h"

namespace kiln {

/// Items in memory as a source of data.
///
/// x: [N, D] rows of a table or [N, C, H, W] pictures, floats, or bytes 0 .. 255 of pictures;
/// copied.  y: [N] classes from 0, whole numbers, -1 for an item without one; undefined: no labels.
/// values: what the numbers of x are.  Left open: binary where all are 0 or 1, else of pictures
/// unit (they must lie in [0, 1]) and of tables real.  Throws ShapeError for other shapes,
/// ConfigError for numbers that are not finite, lie outside the values' range, or are no classes.
DatasetPtr in_memory(const Tensor& x, const Tensor& y = {},
                     std::optional<Values> values = std::nullopt);

}  // namespace kiln
