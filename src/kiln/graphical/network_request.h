#pragma once

#include <string_view>

#include "kiln/graphical/d_separation.h"
#include "kiln/graphical/elimination.h"

namespace kiln {

/// "A, C | B=1, D=yes": p(A, C | B=1, D=yes), states by name or by number.  Without a bar there is
/// no evidence.  Throws ConfigError for what it cannot read, unknown nodes and unknown states.
NetworkQuery parse_query(const Dag& dag, std::string_view text);

/// "A, B ; C | D, E": is {A, B} independent of {C} given {D, E}?  Throws ConfigError likewise.
SeparationQuery parse_separation(const Dag& dag, std::string_view text);

}  // namespace kiln
