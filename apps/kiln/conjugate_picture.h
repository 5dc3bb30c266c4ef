#pragma once

#include <string>

#include "kiln/prob/f_divergence.h"

namespace kiln::program {

/// As SVG: f with the tangent at u = 2, and f* with the point that the tangent's slope and
/// intercept give.
std::string conjugate_picture(const FDivergence& row);

}  // namespace kiln::program
