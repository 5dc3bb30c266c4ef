#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace kiln {

/// A picture in memory: 8-bit samples, row by row, channels together.  C is 1 (grey) or 3 (RGB).
struct Image {
  std::int64_t width = 0;                 ///< Pixels.
  std::int64_t height = 0;                ///< Pixels.
  std::int64_t channels = 1;              ///< C.
  std::vector<std::uint8_t> pixels = {};  ///< height * width * channels.
};

/// Reads PNG, JPEG, WebP, PGM or PPM, told by the file's first bytes.  16-bit samples are scaled,
/// palettes looked up, alpha is laid over black, and a JPEG whose camera
/// was turned stands upright.  Throws IoError naming the file: missing,
/// empty, not a picture, truncated, too large.
Image read_image(const std::filesystem::path& path);

/// Width, height and channels from the header alone; no pixels.
Image read_image_header(const std::filesystem::path& path);

/// As above, on bytes in memory; `name` is for messages.
Image decode_image(const std::string& name, std::span<const std::uint8_t> bytes);
/// As read_image_header, on bytes in memory.
Image decode_image_header(const std::string& name, std::span<const std::uint8_t> bytes);

/// Writes a PNG atomically; `text` becomes tEXt chunks (seed, run ...).  Throws IoError, ShapeError
/// for an image whose pixels do not fit its size and ConfigError for a text that PNG cannot hold.
void write_png(const std::filesystem::path& path, const Image& image,
               const std::map<std::string, std::string>& text = {});

/// The tEXt chunks of a PNG.
std::map<std::string, std::string> read_png_text(const std::filesystem::path& path);
/// The same of bytes in memory.
std::map<std::string, std::string> decode_png_text(const std::string& name,
                                                   std::span<const std::uint8_t> bytes);

/// Bytes of the same PNG, for embedding.
std::vector<std::uint8_t> encode_png(const Image& image,
                                     const std::map<std::string, std::string>& text = {});

/// Area averaging when shrinking, bilinear when growing, each side on its own.
Image resize(const Image& image, std::int64_t width, std::int64_t height);

/// The largest centred square.
Image centre_square(const Image& image);

/// Converts to 1 channel (ITU-R 601 luma) or 3.
Image with_channels(const Image& image, std::int64_t channels);

}  // namespace kiln
