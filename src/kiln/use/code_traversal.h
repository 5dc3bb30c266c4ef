#pragma once

#include "kiln/io/svg_plot.h"
#include "kiln/models/informative.h"
#include "kiln/use/judged_data.h"

namespace kiln {

/// What each part of a code does, as codes [rows * columns, J] of a picture.  Every part has its
/// rows, in the order of code_parts(): of a class, five draws of all else, a category in each
/// column; of a number, one draw of all else with each category of the first class (or five draws),
/// the number going from low to high.
struct CodeTraversal {
  Tensor codes;
  PictureTable words;
};
CodeTraversal code_traversal(const Informative& model, Prior& prior, std::int64_t steps, double low,
                             double high, Rng& rng);

}  // namespace kiln
