#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kiln {

/// A picture with samples of 16 bits, as cameras and instruments write them: row by row, channels
/// together.  C is 1 (grey) or 3 (RGB).
struct DeepImage {
  std::int64_t width = 0;                   ///< Pixels.
  std::int64_t height = 0;                  ///< Pixels.
  std::int64_t channels = 1;                ///< C.
  std::vector<std::uint16_t> samples = {};  ///< height * width * channels, 0 .. 65535.
};

/// Reads a PNG of 16 bits a sample; nothing for any other file.  Alpha is laid over black.  Throws
/// IoError as read_image() does.
std::optional<DeepImage> read_deep_png(const std::filesystem::path& path);

/// Writes a PNG of 16 bits a sample, as write_png() of an Image does.
void write_png(const std::filesystem::path& path, const DeepImage& image,
               const std::map<std::string, std::string>& text = {});

}  // namespace kiln
