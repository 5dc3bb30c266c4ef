#pragma once

#include <vector>

#include "kiln/io/image.h"
#include "kiln/io/plot_axis.h"
#include "kiln/io/svg.h"

namespace kiln {

struct Dots {
  std::vector<double> x = {}, y = {};
  Rgb colour = {0, 114, 178};
  double radius = 2;  ///< Pixels.
  double opacity = 0.65;
};

struct ScatterImage {
  std::int64_t side = 400;        ///< Pixels of the whole picture.
  Range x = {}, y = {};           ///< What the box shows; dots outside of it are left out.
  std::vector<Dots> layers = {};  ///< From back to front.
};

/// Points as dots with soft edges in a box on white, for pictures that are compared pixel by pixel
/// over time: no numbers, no text.  y grows upwards.  A pixel at distance d from a dot's centre is
/// covered by min(1, max(0, radius + 1/2 - d)).  Numbers that are not finite are left out.  Throws
/// ShapeError when a layer has more x than y or less, ConfigError for a side below 32 or above
/// 8192.
Image scatter_image(const ScatterImage& plot);

}  // namespace kiln
