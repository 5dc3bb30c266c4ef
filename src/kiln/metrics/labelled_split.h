#pragma once

#include <cstdint>
#include <vector>

#include "kiln/core/rng.h"
#include "kiln/core/tensor.h"

namespace kiln {

/// Few labelled items, some of them kept apart to choose by.  Numbers of items of the labels given.
struct LabelledSplit {
  std::vector<std::int64_t> fit, held_out;
  std::vector<std::int64_t> all() const;  ///< fit, then held_out.
};

/// `count` of the items with labels y [N], drawn without replacement, of every class as many as of
/// any other (but for one where count does not divide); of each class a fifth, but at least one, is
/// held out.  Throws ConfigError for labels outside 0 .. classes - 1, fewer than two for each class
/// or more than some class has.
LabelledSplit draw_labelled(const Tensor& y, std::int64_t classes, std::int64_t count, Rng& rng);

}  // namespace kiln
