#pragma once

#include "kiln/core/tensor.h"

namespace kiln {

/// Classes of x [M, F] by the votes of the k items of `known_x` [N, F] that lie nearest by cosine,
/// known_y [N] int64 -> [M] int64.  k is at most N.  Classes of as many votes are told apart by
/// their neighbours' cosines, added up.  Some hundred rows at a time.  Throws ShapeError, and
/// ConfigError unless k is positive.
Tensor nearest_neighbours(const Tensor& known_x, const Tensor& known_y, const Tensor& x,
                          std::int64_t k, std::int64_t classes);

}  // namespace kiln
