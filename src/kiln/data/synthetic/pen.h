#pragma once

#include <span>
#include <vector>

#include "kiln/core/philox.h"

namespace kiln {

/// A point that a stroke passes through: x to the right, y down, a glyph about 1 high.
struct Knot {
  double x, y;
  bool corner = false;  ///< The pen turns sharply here.
};

using Stroke = std::vector<Knot>;

/// How one item is written.  Lengths in knots' units unless said otherwise.
struct Hand {
  double wobble = 0.03;    ///< Standard deviation of each knot's place.
  double slant = 0;        ///< Shear: x moves by slant per unit upwards.
  double aspect = 1;       ///< Stretch of x.
  double rotation = 0;     ///< Radians.
  double bend_x = 0;       ///< Sideways bow of the whole glyph.
  double bend_y = 0;       ///< The same, upwards.
  double thickness = 2.3;  ///< Of the line, pixels.
  double pressure = 0.15;  ///< Relative change of the thickness along a stroke.
  double taper = 0.3;      ///< Relative loss of thickness at a stroke's ends.
  double softness = 1.2;   ///< Width of the line's edge, pixels.
  double box = 20;         ///< The longer side of the ink, pixels.
};

/// Writes strokes on a square grey image of `side` pixels (0 ground, 1 ink): Catmull-Rom curves
/// through the moved knots, fitted to the hand's box, centre of mass in the middle.
void write_strokes(const std::vector<Stroke>& strokes, const Hand& hand, int side, Philox& rng,
                   std::span<float> image);

}  // namespace kiln
