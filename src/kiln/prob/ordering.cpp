#include "kiln/prob/ordering.h"

#include <fmt/format.h>

#include <charconv>
#include <numeric>

#include "kiln/core/error.h"
#include "kiln/core/philox.h"

namespace kiln {
namespace {

struct Pixel {
  std::int64_t row, column;
};

std::vector<Pixel> row_by_row(std::int64_t height, std::int64_t width, bool turn) {
  std::vector<Pixel> path;
  for (std::int64_t r = 0; r < height; ++r)
    for (std::int64_t i = 0; i < width; ++i)
      path.push_back({r, turn && r % 2 == 1 ? width - 1 - i : i});
  return path;
}

std::vector<Pixel> column_by_column(std::int64_t height, std::int64_t width) {
  std::vector<Pixel> path;
  for (std::int64_t c = 0; c < width; ++c)
    for (std::int64_t r = 0; r < height; ++r) path.push_back({r, c});
  return path;
}

// Anti-diagonals row + column = s: downwards for odd s, upwards for even s.
std::vector<Pixel> anti_diagonals(std::int64_t height, std::int64_t width) {
  std::vector<Pixel> path;
  for (std::int64_t s = 0; s < height + width - 1; ++s) {
    for (std::int64_t i = 0; i <= s; ++i) {
      const std::int64_t row = s % 2 == 1 ? i : s - i;
      if (row < height && s - row < width) path.push_back({row, s - row});
    }
  }
  return path;
}

// Rings [top, bottom] x [left, right], clockwise from each ring's top left corner.
std::vector<Pixel> inward_spiral(std::int64_t height, std::int64_t width) {
  std::vector<Pixel> path;
  std::int64_t top = 0, left = 0, bottom = height - 1, right = width - 1;
  while (top <= bottom && left <= right) {
    for (std::int64_t c = left; c <= right; ++c) path.push_back({top, c});
    for (std::int64_t r = top + 1; r <= bottom; ++r) path.push_back({r, right});
    for (std::int64_t c = right - 1; top < bottom && c >= left; --c) path.push_back({bottom, c});
    for (std::int64_t r = bottom - 1; left < right && r > top; --r) path.push_back({r, left});
    ++top, ++left, --bottom, --right;
  }
  return path;
}

// Fisher-Yates.
std::vector<std::int64_t> shuffled(std::int64_t size, std::uint64_t seed) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(size));
  std::iota(order.begin(), order.end(), 0);
  Philox philox(derive_key(seed, "ordering"));
  for (std::size_t left = order.size(); left > 1; --left)
    std::swap(order[left - 1], order[philox.below(left)]);
  return order;
}

std::vector<Pixel> path_of(Ordering kind, std::int64_t height, std::int64_t width) {
  switch (kind) {
    case Ordering::column:
      return column_by_column(height, width);
    case Ordering::serpentine:
      return row_by_row(height, width, true);
    case Ordering::zigzag:
      return anti_diagonals(height, width);
    case Ordering::spiral:
      return inward_spiral(height, width);
    default:
      return row_by_row(height, width, false);
  }
}

}  // namespace

std::vector<std::pair<Ordering, std::string_view>> enum_names(Ordering) {
  return {{Ordering::raster, "raster"},
          {Ordering::column, "column"},
          {Ordering::serpentine, "serpentine"},
          {Ordering::zigzag, "zigzag"},
          {Ordering::spiral, "spiral"},
          {Ordering::random, "random"},
          {Ordering::file, "file"}};
}

std::vector<std::int64_t> make_ordering(Ordering kind, const ImageShape& shape,
                                        std::uint64_t seed) {
  if (kind == Ordering::random) return shuffled(shape.size(), seed);
  if (kind == Ordering::file)
    throw ConfigError("ordering", "file needs its list of steps, one index for each number");
  std::vector<std::int64_t> order;
  for (const auto& pixel : path_of(kind, shape.height, shape.width))
    for (std::int64_t channel = 0; channel < shape.channels; ++channel)
      order.push_back((channel * shape.height + pixel.row) * shape.width + pixel.column);
  return order;
}

std::vector<std::int64_t> parse_ordering(std::string_view where, std::string_view steps,
                                         std::int64_t size) {
  constexpr std::string_view kBetween = " \t\r\n,";
  std::vector<std::int64_t> order;
  std::vector<bool> seen(static_cast<std::size_t>(size));
  const auto refuse = [&](std::string_view entry, std::string_view why) {
    throw ConfigError(where, fmt::format("entry {}, '{}', {}", order.size() + 1, entry, why));
  };
  for (auto from = steps.find_first_not_of(kBetween); from != std::string_view::npos;) {
    const auto end = std::min(steps.find_first_of(kBetween, from), steps.size());
    const auto entry = steps.substr(from, end - from).substr(0, 40);
    std::int64_t index = -1;
    const auto [rest, error] = std::from_chars(entry.data(), entry.data() + entry.size(), index);
    if (error != std::errc{} || rest != entry.data() + entry.size() || index < 0 || index >= size)
      refuse(entry, fmt::format("is no index from 0 to {}", size - 1));
    if (seen[static_cast<std::size_t>(index)]) refuse(entry, "stands there for the second time");
    seen[static_cast<std::size_t>(index)] = true;
    order.push_back(index);
    from = steps.find_first_not_of(kBetween, end);
  }
  if (order.size() != seen.size())
    throw ConfigError(where, fmt::format("must list each of the {} numbers of x once, got {}", size,
                                         order.size()));
  return order;
}

std::vector<std::int64_t> inverse_ordering(const std::vector<std::int64_t>& order) {
  std::vector<std::int64_t> inverse(order.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    inverse[static_cast<std::size_t>(order[i])] = static_cast<std::int64_t>(i);
  return inverse;
}

}  // namespace kiln
