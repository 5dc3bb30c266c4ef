#pragma once

#include <string>
#include <string_view>

#include "kiln/io/image.h"

namespace kiln {

/// The decoders behind decode_image(), one pair per format.  `name` is for messages.  All throw
/// IoError and check the size before they allocate.
using ImageBytes = std::span<const std::uint8_t>;

Image decode_png(const std::string& name, ImageBytes bytes);
Image decode_png_header(const std::string& name, ImageBytes bytes);
Image decode_jpeg(const std::string& name, ImageBytes bytes);
Image decode_jpeg_header(const std::string& name, ImageBytes bytes);
Image decode_webp(const std::string& name, ImageBytes bytes);
Image decode_webp_header(const std::string& name, ImageBytes bytes);
Image decode_pnm(const std::string& name, ImageBytes bytes);
Image decode_pnm_header(const std::string& name, ImageBytes bytes);

[[noreturn]] void refuse_image(std::string_view format, const std::string& name,
                               std::string_view message);

/// The sizes without pixels.  Throws IoError unless 1 <= width, height <= 2^16 and their product is
/// at most 2^27.
Image checked_size(std::string_view format, const std::string& name, std::uint64_t width,
                   std::uint64_t height, std::int64_t channels);

/// Makes room for the pixels of `channels` channels.
void allocate_pixels(Image& image, std::int64_t channels);

/// Turns pixels of colour and alpha (2 or 4 channels) into colour over black, in place.
void lay_over_black(Image& image);

}  // namespace kiln
