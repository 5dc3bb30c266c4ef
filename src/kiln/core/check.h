#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "kiln/core/error.h"
#include "kiln/core/options.h"
#include "kiln/core/tensor.h"

namespace kiln {

inline constexpr std::int64_t kAny = -1;  ///< Any size in check_shape.

/// Throws ShapeError `[where] name must have shape [*, 6], got [3, 5]` unless every size agrees.
void check_shape(std::string_view where, std::string_view name, const Tensor& tensor,
                 std::initializer_list<std::int64_t> sizes);

/// Throws ConfigError `[where] name must be positive, got 0`.
void check_positive(std::string_view where, std::string_view name, std::int64_t value);

}  // namespace kiln
