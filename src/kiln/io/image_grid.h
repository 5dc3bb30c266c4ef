#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kiln/io/image.h"

namespace kiln {

struct GridOptions {
  std::int64_t columns = 0;  ///< 0: about as many columns as rows.
  std::int64_t padding = 2;  ///< Pixels of the separator around every picture.
  std::int64_t zoom = 0;  ///< Every pixel becomes zoom x zoom; 0: so that small pictures are seen.
};

/// Pictures of one size side by side, row after row, on grey.  Grey ones turn to RGB beside RGB
/// ones.  Throws ShapeError if there is none or their sizes differ, ConfigError for a grid too
/// large.
Image make_grid(const std::vector<Image>& images, const GridOptions& options = {});

/// Copies a picture onto a canvas of as many channels, its upper left corner at (left, top); it
/// must lie within.
void paste(Image& canvas, const Image& image, std::int64_t left, std::int64_t top);

/// Every pixel as a square of `factor` x `factor`.
Image zoomed(const Image& image, std::int64_t factor);

/// A picture of C = 1 or 3 planes, `chw` being [C, H, W]: low -> 0, high -> 255, values outside
/// clamped, NaN black.  Throws ShapeError.
Image from_planar_floats(std::span<const float> chw, std::int64_t channels, std::int64_t height,
                         std::int64_t width, float low, float high);

}  // namespace kiln
