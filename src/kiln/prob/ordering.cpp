#include "kiln/prob/ordering.h"

#include <numeric>

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
  return {{Ordering::raster, "raster"},         {Ordering::column, "column"},
          {Ordering::serpentine, "serpentine"}, {Ordering::zigzag, "zigzag"},
          {Ordering::spiral, "spiral"},         {Ordering::random, "random"}};
}

std::vector<std::int64_t> make_ordering(Ordering kind, const ImageShape& shape,
                                        std::uint64_t seed) {
  if (kind == Ordering::random) return shuffled(shape.size(), seed);
  std::vector<std::int64_t> order;
  for (const auto& pixel : path_of(kind, shape.height, shape.width))
    for (std::int64_t channel = 0; channel < shape.channels; ++channel)
      order.push_back((channel * shape.height + pixel.row) * shape.width + pixel.column);
  return order;
}

std::vector<std::int64_t> inverse_ordering(const std::vector<std::int64_t>& order) {
  std::vector<std::int64_t> inverse(order.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    inverse[static_cast<std::size_t>(order[i])] = static_cast<std::int64_t>(i);
  return inverse;
}

}  // namespace kiln
