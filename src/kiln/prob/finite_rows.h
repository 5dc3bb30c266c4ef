#pragma once

#include <string_view>

#include "kiln/core/tensor.h"

namespace kiln {

/// x [N, D] in float64, without gradient.  Throws ShapeError for another shape, and ConfigError for
/// a number that is not finite, naming its place.
Tensor finite_rows(std::string_view where, std::string_view name, const Tensor& x);

}  // namespace kiln
