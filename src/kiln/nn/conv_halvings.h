#pragma once

#include <algorithm>
#include <cstdint>

namespace kiln {

/// How often a convolutional network halves an image: until a side is odd or at most 7.
/// 28 -> 7, 32 -> 4, 64 -> 4.
inline std::int64_t conv_halvings(std::int64_t height, std::int64_t width) {
  std::int64_t times = 0;
  for (; height % 2 == 0 && width % 2 == 0 && std::min(height, width) > 7; ++times)
    height /= 2, width /= 2;
  return times;
}

}  // namespace kiln
