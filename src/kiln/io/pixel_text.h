#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kiln/io/image.h"

namespace kiln {

/// Words on pictures of pixels, in a font of 5 x 7 dots with two rows below the line, every dot
/// zoom x zoom pixels: the same bytes on every machine, with no font to install.  The
/// letters of Latin-1 lose their accents; all others are drawn as a box.

/// Columns that `text` takes in UTF-8, one dot between letters.
std::int64_t text_width(std::string_view text, std::int64_t zoom = 1);

/// Rows that a line takes.
std::int64_t text_height(std::int64_t zoom = 1);

/// Writes `text` in one grey (0 black to 255 white), its upper left corner at (x, y); what lies
/// outside the picture is cut.
void write_text(Image& picture, std::int64_t x, std::int64_t y, std::string_view text,
                std::int64_t zoom = 1, std::uint8_t grey = 0);

/// `text`, or as much of its start as fits `width` columns, ending in "..".
std::string text_within(std::string_view text, std::int64_t width, std::int64_t zoom = 1);

}  // namespace kiln
