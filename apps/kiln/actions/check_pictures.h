#pragma once

#include <string>
#include <vector>

#include "apps/kiln/arguments.h"
#include "kiln/check/causality.h"

namespace kiln::program {

/// SVG.  How far a conditional moves spans many powers of ten; what did not move stays blank.
std::string leak_picture(const Leaks& leaks);

/// SVG: what the law of the asked pixel reads, in powers of ten; white: nothing.  `shape` of the
/// items.  Throws ConfigError for a table, and for a pixel that is none.
std::string field_picture(const CheckArguments& a, const Leaks& leaks, const Autoregressive& model,
                          const std::vector<std::int64_t>& shape);

}  // namespace kiln::program
