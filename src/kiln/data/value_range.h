#pragma once

#include <optional>
#include <span>
#include <string>

#include "kiln/core/values.h"

namespace kiln {

/// What the numbers of a source are, found by looking at all of them.
struct ValueRange {
  float low = 0, high = 0;
  bool only_0_and_1 = true, only_0_and_255 = true;
  bool only_states = true;  ///< Whole numbers from 0 to 65535.
  bool empty = true;

  void add(std::span<const float> x);
  bool allows(Values values) const;
};

/// 2 of binary numbers, 1 + the largest (at least 2) of states, else 0.
std::int64_t levels_of(Values values, const ValueRange& range);

/// `wanted` if the numbers allow it, without a wish `otherwise`.  Throws ConfigError naming the
/// source.
Values check_values(const std::string& where, const std::string& name, const ValueRange& range,
                    std::optional<Values> wanted, Values otherwise);

}  // namespace kiln
