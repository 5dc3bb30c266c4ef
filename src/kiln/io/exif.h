#pragma once

#include <cstdint>
#include <span>

#include "kiln/io/image.h"

namespace kiln {

/// How a camera was held, from the EXIF data of a JPEG's APP1 segment (without its marker and
/// length): 1 to 8, and 1, upright, for anything else.  CIPA DC-008, section 4.6.4, tag 0x0112.
int exif_orientation(std::span<const std::uint8_t> segment);

/// The picture turned and mirrored so that it stands upright.
Image upright(const Image& image, int orientation);

}  // namespace kiln
