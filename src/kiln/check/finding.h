#pragma once

#include <string>
#include <vector>

#include "kiln/core/tensor.h"

namespace kiln {

/// One thing that was tested about a model, and what came out.
struct Finding {
  std::string name;    ///< "normalised", "causal", ...
  bool passed = true;  ///< A figure that is not a number does not pass.
  double figure = 0;   ///< What was measured; `detail` says of what, and what it should be.
  std::string detail;
};

/// figure <= limit, which NaN is not.
inline bool within(double figure, double limit) { return figure <= limit; }

}  // namespace kiln
