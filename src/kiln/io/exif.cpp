#include "kiln/io/exif.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace kiln {
namespace {

constexpr std::size_t kPrefix = 6;  // "Exif" and two zeros; a TIFF file follows

// Numbers of a TIFF file, which says itself which end of a number comes first.
class Tiff {
 public:
  explicit Tiff(std::span<const std::uint8_t> bytes) : bytes_(bytes) {
    little_ = holds(0, 2) && bytes[0] == 'I';
  }
  bool holds(std::size_t at, std::size_t count) const {
    return at <= bytes_.size() && count <= bytes_.size() - at;
  }
  std::uint32_t number(std::size_t at, std::size_t count) const {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i)
      value = value << 8 | bytes_[at + (little_ ? count - 1 - i : i)];
    return value;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  bool little_ = false;
};

}  // namespace

int exif_orientation(std::span<const std::uint8_t> segment) {
  constexpr std::uint32_t kOrientation = 0x0112;
  if (segment.size() < kPrefix || std::memcmp(segment.data(), "Exif\0\0", kPrefix) != 0) return 1;
  const Tiff tiff(segment.subspan(kPrefix));
  if (!tiff.holds(4, 4)) return 1;
  const std::size_t directory = tiff.number(4, 4);
  if (!tiff.holds(directory, 2)) return 1;
  const auto entries = tiff.number(directory, 2);
  for (std::uint32_t i = 0; i < entries; ++i) {
    const auto entry = directory + 2 + std::size_t{12} * i;
    if (!tiff.holds(entry, 12)) return 1;
    if (tiff.number(entry, 2) != kOrientation) continue;
    const auto value = tiff.number(entry + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

// The table of the tag: orientations 5 to 8 store columns as rows, and which end comes first.
Image upright(const Image& image, int orientation) {
  if (orientation <= 1 || orientation > 8) return image;
  const bool turned = orientation >= 5;
  const bool from_right =
      orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_below =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Image out{.width = image.width, .height = image.height, .channels = image.channels};
  if (turned) std::swap(out.width, out.height);
  out.pixels.resize(image.pixels.size());
  for (std::int64_t y = 0; y < out.height; ++y)
    for (std::int64_t x = 0; x < out.width; ++x) {
      auto column = turned ? y : x, row = turned ? x : y;
      if (from_right) column = image.width - 1 - column;
      if (from_below) row = image.height - 1 - row;
      std::copy_n(image.pixels.data() + (row * image.width + column) * image.channels,
                  image.channels, out.pixels.data() + (y * out.width + x) * image.channels);
    }
  return out;
}

}  // namespace kiln
