#pragma once

#include <vector>

#include "kiln/data/synthetic/pen.h"

namespace kiln {

/// One way in which people write a digit.
struct DigitStyle {
  double share;  ///< Of the writers who choose it; a digit's shares sum to 1.
  std::vector<Stroke> strokes;
};

/// The styles of digit 0 to 9.
const std::vector<DigitStyle>& digit_styles(int digit);

}  // namespace kiln
