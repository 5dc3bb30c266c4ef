// Any bytes are a picture whose pixels fit its size, or an IoError; header and picture agree.
#include <cstdlib>

#include "kiln/core/error.h"
#include "kiln/io/image.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> bytes(data, size);
  kiln::Image image;
  try {
    image = kiln::decode_image("fuzz", bytes);
  } catch (const kiln::IoError&) {
    return 0;
  }
  const auto header = kiln::decode_image_header("fuzz", bytes);
  const auto count = static_cast<std::size_t>(image.width * image.height * image.channels);
  if (image.pixels.size() != count || header.width != image.width ||
      header.height != image.height || header.channels != image.channels)
    std::abort();
  return 0;
}
