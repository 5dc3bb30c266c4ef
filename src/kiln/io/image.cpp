#include "kiln/io/image.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "kiln/core/error.h"
#include "kiln/io/atomic_file.h"
#include "kiln/io/image_codecs.h"

namespace kiln {
namespace {

constexpr std::uint64_t kFileLimit = std::uint64_t{1} << 29;
constexpr std::uint64_t kSideLimit = 1 << 16, kPixelLimit = 1 << 27;

struct Format {
  bool (*matches)(ImageBytes);
  Image (*decode)(const std::string&, ImageBytes);
  Image (*decode_header)(const std::string&, ImageBytes);
};

bool starts_with(ImageBytes bytes, std::string_view magic, std::size_t at = 0) {
  return bytes.size() >= at + magic.size() &&
         std::memcmp(bytes.data() + at, magic.data(), magic.size()) == 0;
}

constexpr Format kFormats[] = {
    {[](ImageBytes b) { return starts_with(b, "\x89PNG\r\n\x1a\n"); }, decode_png,
     decode_png_header},
    {[](ImageBytes b) { return starts_with(b, "\xff\xd8\xff"); }, decode_jpeg, decode_jpeg_header},
    {[](ImageBytes b) { return starts_with(b, "RIFF") && starts_with(b, "WEBP", 8); }, decode_webp,
     decode_webp_header},
    {[](ImageBytes b) {
       return starts_with(b, "P") && b.size() > 1 && std::strchr("2356", b[1]) && b[1] != 0;
     },
     decode_pnm, decode_pnm_header},
};

const Format& format_of(const std::string& name, ImageBytes bytes) {
  if (bytes.empty()) refuse_image("image", name, "is empty");
  for (const auto& format : kFormats)
    if (format.matches(bytes)) return format;
  refuse_image("image", name, "is not a PNG, JPEG, WebP, PGM or PPM picture");
}

}  // namespace

void refuse_image(std::string_view format, const std::string& name, std::string_view message) {
  throw IoError(format, fmt::format("'{}' {}", name, message));
}

Image checked_size(std::string_view format, const std::string& name, std::uint64_t width,
                   std::uint64_t height, std::int64_t channels) {
  if (width == 0 || height == 0) refuse_image(format, name, "has no pixels");
  if (width > kSideLimit || height > kSideLimit || width * height > kPixelLimit)
    refuse_image(format, name,
                 fmt::format("has {} x {} pixels; at most {} on a side and {} in all are read",
                             width, height, kSideLimit, kPixelLimit));
  return {.width = static_cast<std::int64_t>(width),
          .height = static_cast<std::int64_t>(height),
          .channels = channels};
}

void allocate_pixels(Image& image, std::int64_t channels) {
  image.channels = channels;
  image.pixels.resize(static_cast<std::size_t>(image.width * image.height * channels));
}

void lay_over_black(Image& image) {
  const auto stride = static_cast<std::size_t>(image.channels), colours = stride - 1;
  std::size_t out = 0;
  for (std::size_t at = 0; at < image.pixels.size(); at += stride) {
    const unsigned alpha = image.pixels[at + colours];
    for (std::size_t c = 0; c < colours; ++c)
      image.pixels[out++] = static_cast<std::uint8_t>((image.pixels[at + c] * alpha + 127) / 255);
  }
  image.pixels.resize(out);
  image.channels = static_cast<std::int64_t>(colours);
}

Image decode_image(const std::string& name, ImageBytes bytes) {
  return format_of(name, bytes).decode(name, bytes);
}

Image decode_image_header(const std::string& name, ImageBytes bytes) {
  return format_of(name, bytes).decode_header(name, bytes);
}

Image read_image(const std::filesystem::path& path) {
  return decode_image(path.string(), read_file(path, kFileLimit));
}

// The first bytes nearly always suffice; where they do not, the whole file says what is wrong.
Image read_image_header(const std::filesystem::path& path) {
  std::vector<std::uint8_t> start(4096);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(start.data()), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<std::size_t>(file.gcount()));
  try {
    return decode_image_header(path.string(), start);
  } catch (const IoError&) {
    return decode_image_header(path.string(), read_file(path, kFileLimit));
  }
}

Image centre_square(const Image& image) {
  const std::int64_t side = std::min(image.width, image.height);
  const std::int64_t left = (image.width - side) / 2, top = (image.height - side) / 2;
  Image square{.width = side, .height = side, .channels = image.channels};
  for (std::int64_t y = 0; y < side; ++y) {
    const auto row = image.pixels.begin() + ((top + y) * image.width + left) * image.channels;
    square.pixels.insert(square.pixels.end(), row, row + side * image.channels);
  }
  return square;
}

Image with_channels(const Image& image, std::int64_t channels) {
  if (channels != 1 && channels != 3)
    throw ConfigError("image", fmt::format("channels must be 1 or 3, got {}", channels));
  if (image.channels == channels) return image;
  Image converted{.width = image.width, .height = image.height, .channels = channels};
  converted.pixels.reserve(static_cast<std::size_t>(image.width * image.height * channels));
  if (channels == 3) {
    for (const std::uint8_t grey : image.pixels)
      converted.pixels.insert(converted.pixels.end(), 3, grey);
    return converted;
  }
  // ITU-R BT.601: Y = 0.299 R + 0.587 G + 0.114 B, in 16-bit fixed point whose weights sum to 2^16.
  for (std::size_t at = 0; at + 2 < image.pixels.size(); at += 3) {
    const unsigned r = image.pixels[at], g = image.pixels[at + 1], b = image.pixels[at + 2];
    converted.pixels.push_back(
        static_cast<std::uint8_t>((19595 * r + 38470 * g + 7471 * b + 32768) >> 16));
  }
  return converted;
}

}  // namespace kiln
