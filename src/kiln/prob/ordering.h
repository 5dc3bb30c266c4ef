#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace kiln {

/// In which order an autoregressive model visits the numbers of x.
enum class Ordering {
  raster,      ///< Row by row, left to right.
  column,      ///< Column by column, top to bottom.
  serpentine,  ///< Row by row, every second row right to left.
  zigzag,      ///< JPEG's: anti-diagonals in alternating direction.
  spiral,      ///< From the top left corner clockwise inwards.
  random,      ///< A seeded shuffle of all numbers.
  file,        ///< The user's own, a list of all numbers.
};

std::vector<std::pair<Ordering, std::string_view>> enum_names(Ordering);

/// Sizes of an image; a table of D columns is an image of one channel and one row.
struct ImageShape {
  std::int64_t channels = 1, height = 1, width = 1;
  std::int64_t size() const { return channels * height * width; }
};

/// order[i] is the index in the layout [C, H, W] of the number visited at step i.  The channels of
/// a pixel follow each other, except in the random order.  `seed` is used by the random order
/// alone.  Throws ConfigError for `file`, whose list is parsed.
std::vector<std::int64_t> make_ordering(Ordering kind, const ImageShape& shape, std::uint64_t seed);

/// The list of an ordering `file`: every index from 0 to size - 1 once, in visiting order, between
/// spaces, commas or line ends.  Throws ConfigError that names the first entry that is wrong.
std::vector<std::int64_t> parse_ordering(std::string_view where, std::string_view steps,
                                         std::int64_t size);

/// inverse[order[i]] = i: the step at which a number is visited.
std::vector<std::int64_t> inverse_ordering(const std::vector<std::int64_t>& order);

}  // namespace kiln
