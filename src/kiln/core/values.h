#pragma once

#include <string_view>
#include <utility>
#include <vector>

namespace kiln {

/// The values that each number of x takes.
enum class Values {
  binary,       ///< 0 or 1.
  unit,         ///< [0, 1]: grey levels and colours.
  signed_unit,  ///< [-1, 1]: the same, centred (tanh outputs).
  real,         ///< Any finite number: points and tables.
};

inline std::vector<std::pair<Values, std::string_view>> enum_names(Values) {
  return {{Values::binary, "binary"},
          {Values::unit, "unit"},
          {Values::signed_unit, "signed_unit"},
          {Values::real, "real"}};
}

}  // namespace kiln
