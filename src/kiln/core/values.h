#pragma once

#include <cstdint>
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
  states,       ///< 0, 1 .. q - 1, whole numbers that stand for q states: categories, grey levels.
};

/// Their names in SPECs.
inline std::vector<std::pair<Values, std::string_view>> enum_names(Values) {
  return {{Values::binary, "binary"},
          {Values::unit, "unit"},
          {Values::signed_unit, "signed_unit"},
          {Values::real, "real"},
          {Values::states, "states"}};
}

/// A kind of values and, for states, how many there are.
struct ValueSet {
  Values kind = Values::real;  ///< What each number is.
  std::int64_t states = 0;     ///< q; 0 for the other kinds.

  /// `q` belongs to states.
  constexpr ValueSet(Values values, std::int64_t q = 0) : kind(values), states(q) {}
  /// What is shown as black.
  constexpr float low() const { return kind == Values::signed_unit ? -1.0f : 0.0f; }
  /// What is shown as white.
  constexpr float high() const {
    return kind == Values::states && states > 1 ? static_cast<float>(states - 1) : 1.0f;
  }
};

}  // namespace kiln
