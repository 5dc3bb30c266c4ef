#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kiln/core/error.h"
#include "kiln/io/image.h"

namespace kiln {
namespace {

// What one pixel of the result takes from a row (or column) of the source.
struct Tap {
  std::int64_t first = 0;
  std::vector<double> weights = {};  // sum to 1
};

// Pixel i of the result covers [i * from, (i+1) * from) where source pixel j covers
// [j * to, (j+1) * to).
Tap area_tap(std::int64_t i, std::int64_t from, std::int64_t to) {
  const std::int64_t low = i * from, high = low + from;
  Tap tap{.first = low / to};
  for (std::int64_t j = tap.first; j * to < high; ++j) {
    const std::int64_t covered = std::min(high, (j + 1) * to) - std::max(low, j * to);
    tap.weights.push_back(static_cast<double>(covered) / static_cast<double>(from));
  }
  return tap;
}

// The two source pixels whose centres lie around the centre of pixel i.
Tap linear_tap(std::int64_t i, std::int64_t from, std::int64_t to) {
  const double centre =
      (static_cast<double>(i) + 0.5) * static_cast<double>(from) / static_cast<double>(to) - 0.5;
  const double inside = std::clamp(centre, 0.0, static_cast<double>(from - 1));
  const auto first = static_cast<std::int64_t>(inside);
  const double fraction = inside - static_cast<double>(first);
  if (fraction == 0) return {.first = first, .weights = {1}};
  return {.first = first, .weights = {1 - fraction, fraction}};
}

std::vector<Tap> taps(std::int64_t from, std::int64_t to) {
  std::vector<Tap> list;
  for (std::int64_t i = 0; i < to; ++i)
    list.push_back(to < from ? area_tap(i, from, to) : linear_tap(i, from, to));
  return list;
}

// Scales the middle one of three dimensions [outer, from, inner].
template <class Number>
std::vector<float> resample(const std::vector<Number>& source, std::int64_t outer,
                            std::int64_t from, std::int64_t inner, std::int64_t to) {
  std::vector<float> result;
  result.reserve(static_cast<std::size_t>(outer * to * inner));
  const auto list = taps(from, to);
  for (std::int64_t o = 0; o < outer; ++o)
    for (const auto& tap : list)
      for (std::int64_t k = 0; k < inner; ++k) {
        auto at = static_cast<std::size_t>((o * from + tap.first) * inner + k);
        double sum = 0;
        for (const double weight : tap.weights) {
          sum += weight * static_cast<double>(source[at]);
          at += static_cast<std::size_t>(inner);
        }
        result.push_back(static_cast<float>(sum));
      }
  return result;
}

}  // namespace

Image resize(const Image& image, std::int64_t width, std::int64_t height) {
  constexpr std::int64_t limit = 1 << 16;
  if (width < 1 || height < 1 || width > limit || height > limit)
    throw ConfigError("image.resize", fmt::format("the new size must be 1 to {} on a side, got {} "
                                                  "x {}",
                                                  limit, width, height));
  if (width == image.width && height == image.height) return image;
  const auto wide = resample(image.pixels, image.height, image.width, image.channels, width);
  const auto done = resample(wide, 1, image.height, width * image.channels, height);
  Image result{.width = width, .height = height, .channels = image.channels};
  result.pixels.reserve(done.size());
  for (const float value : done)
    result.pixels.push_back(static_cast<std::uint8_t>(std::lround(value)));
  return result;
}

}  // namespace kiln
