#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kiln/prob/ordering.h"

namespace kiln {

/// The way an ordering goes through the first channel of a picture, as SVG: cells coloured by their
/// step from dark (first) to light (last), a line from each to the next; step numbers where there
/// are at most 400 cells.
std::string ordering_picture(const std::vector<std::int64_t>& order, const ImageShape& shape,
                             std::string_view title);

/// How far a step goes in the picture, |rows| + |columns|, in the mean over an ordering of one
/// channel; 1 for a path without jumps.
double mean_jump(const std::vector<std::int64_t>& order, const ImageShape& shape);

}  // namespace kiln
