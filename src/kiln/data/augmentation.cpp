#include "kiln/data/augmentation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kiln/core/error.h"

namespace kiln {
namespace {

// What one pixel of the result takes from a row (or column): two neighbours, or one twice.
struct Tap {
  std::int64_t first = 0, second = 0;
  float of_second = 0;
};

// Where a place before the first pixel or behind the last lies in the mirror.
std::int64_t mirrored(std::int64_t at, std::int64_t size) {
  return at < 0 ? -at : at < size ? at : 2 * (size - 1) - at;
}

// How the pixels of one direction are read.
struct Direction {
  std::int64_t size = 0;
  std::int64_t shift = 0;   // pixels
  std::int64_t larger = 0;  // pixels that jitter adds,
  std::int64_t offset = 0;  // of which so many lie before the window
  bool backwards = false;

  Tap tap(std::int64_t i) const {
    const auto at = mirrored((backwards ? size - 1 - i : i) + shift, size);
    if (larger == 0) return {at, at};
    const auto place = (static_cast<double>(at + offset) + 0.5) * static_cast<double>(size) /
                           static_cast<double>(size + larger) -
                       0.5;
    const auto inside = std::clamp(place, 0.0, static_cast<double>(size - 1));
    const auto first = static_cast<std::int64_t>(inside);
    return {first, std::min(first + 1, size - 1),
            static_cast<float>(inside - static_cast<double>(first))};
  }
  std::vector<Tap> taps() const {
    std::vector<Tap> taps;
    for (std::int64_t i = 0; i < size; ++i) taps.push_back(tap(i));
    return taps;
  }
};

float between(float a, float b, float of_b) { return a + (b - a) * of_b; }

// One picture of C planes.
void change(std::span<float> picture, const std::vector<Tap>& rows, const std::vector<Tap>& columns,
            std::vector<float>& before) {
  before.assign(picture.begin(), picture.end());
  const auto height = std::ssize(rows), width = std::ssize(columns);
  auto* out = picture.data();
  for (const float* plane = before.data(); plane < before.data() + before.size();
       plane += height * width)
    for (const auto& row : rows) {
      const auto *above = plane + row.first * width, *below = plane + row.second * width;
      for (const auto& column : columns)
        *out++ = between(between(above[column.first], above[column.second], column.of_second),
                         between(below[column.first], below[column.second], column.of_second),
                         row.of_second);
    }
}

std::int64_t drawn_below(std::int64_t bound, Philox& rng) {
  return static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(bound)));
}

Direction drawn(const DataAugmentation& augmentation, std::int64_t size, bool backwards,
                Philox& rng) {
  Direction direction{.size = size, .larger = augmentation.jitter, .backwards = backwards};
  if (augmentation.shift > 0)
    direction.shift = drawn_below(2 * augmentation.shift + 1, rng) - augmentation.shift;
  if (augmentation.jitter > 0) direction.offset = drawn_below(augmentation.jitter + 1, rng);
  return direction;
}

[[noreturn]] void refuse(const DataInfo& info, const std::string& why) {
  throw ConfigError("data", fmt::format("{} {}", info.name, why));
}

}  // namespace

std::string DataAugmentation::describe() const {
  std::string text;
  if (flip) text += ", mirrored at random";
  if (shift > 0) text += fmt::format(", moved by up to {} pixel{}", shift, shift == 1 ? "" : "s");
  if (jitter > 0)
    text += fmt::format(", windows of pictures {} pixel{} larger", jitter, jitter == 1 ? "" : "s");
  return text;
}

void check_augmentation(const DataAugmentation& augmentation, const DataInfo& info) {
  if (!augmentation.any()) return;
  if (!info.is_image())
    refuse(info, "holds no pictures, and flip=, shift= and jitter= move pixels; leave them out");
  const auto height = info.shape[1], width = info.shape[2];
  for (const auto& field : info.more) {
    if (field.as_is)
      refuse(info, fmt::format("has a part {} that was made of the pictures as they are; leave "
                               "flip=, shift= and jitter= out",
                               field.name));
    if (field.shape.size() != 3 || field.shape[1] != height || field.shape[2] != width)
      refuse(info, fmt::format("has a part {} of another size than x, and flip=, shift= and "
                               "jitter= change both alike; leave them out",
                               field.name));
  }
  if (augmentation.shift >= std::min(height, width))
    refuse(info, fmt::format("has pictures of {} x {}; shift={} must be smaller", height, width,
                             augmentation.shift));
  if (augmentation.jitter > 0 && (info.values == Values::states || info.values == Values::binary))
    refuse(info, fmt::format("holds {}, which jitter= would mix; leave it out, or use shift=",
                             info.values == Values::binary ? "0 and 1" : "states"));
}

void augment_item(const DataAugmentation& augmentation, const DataInfo& info, std::span<float> item,
                  Philox& rng) {
  const bool backwards = augmentation.flip && rng.bernoulli(0.5);
  const auto rows = drawn(augmentation, info.shape[1], false, rng).taps();
  const auto columns = drawn(augmentation, info.shape[2], backwards, rng).taps();
  std::vector<float> before;
  const auto end = static_cast<std::size_t>(info.valued_size());
  std::size_t begin = 0;
  const auto change_next = [&](std::int64_t numbers) {
    change(item.subspan(begin, static_cast<std::size_t>(numbers)), rows, columns, before);
    begin += static_cast<std::size_t>(numbers);
  };
  change_next(info.item_size());
  for (const auto& field : info.more)
    if (!field.as_is) change_next(field.size());
  if (augmentation.jitter == 0 || info.levels < 2) return;
  const auto top = static_cast<float>(info.levels - 1);
  for (auto& value : item.first(end)) value = std::round(value * top) / top;
}

}  // namespace kiln
