#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string_view>

#include "kiln/core/error.h"

namespace kiln {

inline constexpr std::int64_t kMostWeights = 1 << 28;  ///< Of one layer: 1 GiB of float32.

/// Throws ConfigError if a dense layer would be larger than that: sizes come from files, too.
inline void check_layer_size(std::string_view where, std::int64_t inputs, std::int64_t units) {
  if (inputs * units > kMostWeights)
    throw ConfigError(where, fmt::format("{} inputs times hidden {} is more than {} weights; use "
                                         "less of either",
                                         inputs, units, kMostWeights));
}

}  // namespace kiln
