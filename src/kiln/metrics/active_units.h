#pragma once

#include "kiln/data/loader.h"
#include "kiln/models/model.h"

namespace kiln {

inline constexpr double kActiveVariance = 0.01;

/// Numbers of the code that the items move: A_u = Var_x(E_q[u]) > 0.01, over every item that
/// `loader` still gives (repeat = false).  Burda et al. 2016, arXiv:1509.00519, section 5.2.  Sums
/// in float64.
std::int64_t active_units(Encoder& encoder, Loader& loader, torch::Device device);

}  // namespace kiln
