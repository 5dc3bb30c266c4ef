#pragma once

#include <optional>

#include "kiln/check/finding.h"
#include "kiln/models/model.h"

namespace kiln {

/// Does p(x) add up to 1?  By enumeration of at most 2^20 states, or by a grid over at most two
/// real numbers placed by the items x [B, D]; nothing for larger models.
std::optional<Finding> check_total_mass(Model& model, const Batch& items);

/// Does every conditional add up to 1?  At four of the items x [B, D] and at most 64 numbers.  A
/// conditional that has seen the number that it predicts does not: a forgotten shift, a mask with
/// its diagonal.
Finding check_conditional_mass(Autoregressive& model, const ValueSet& values, const Batch& items);

}  // namespace kiln
