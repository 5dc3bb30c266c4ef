#pragma once

#include <string>
#include <vector>

#include "apps/kiln/arguments.h"
#include "kiln/check/causality.h"

namespace kiln::program {

/// SVG.  How far a conditional moves spans many powers of ten; what did not move stays blank.
std::string leak_picture(const Leaks& leaks);

/// The pixel that is asked about, of items of this shape; the middle where none is said.  Throws
/// ConfigError for a table, and for a pixel that is none.
PixelOfShape asked_pixel(const CheckArguments& a, const std::vector<std::int64_t>& shape);

/// SVG: what the law of a pixel reads, in powers of ten; white: nothing, grey: not asked.
std::string field_picture(const PixelOfShape& pixel, const Tensor& field);

}  // namespace kiln::program
