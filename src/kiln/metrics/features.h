#pragma once

#include <cstdint>
#include <string_view>

#include "kiln/core/check.h"
#include "kiln/core/tensor.h"

namespace kiln {

/// Features as the judges of sample sets reckon with them: x [N, F] of any type, on any device ->
/// the same numbers as float64 on the CPU, without gradient.  Throws ShapeError unless x is
/// [*, width], and ConfigError if a number is not finite.
Tensor checked_features(std::string_view where, std::string_view name, const Tensor& x,
                        std::int64_t width = kAny);

}  // namespace kiln
