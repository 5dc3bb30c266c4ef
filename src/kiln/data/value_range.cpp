#include "kiln/data/value_range.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kiln/core/error.h"
#include "kiln/core/options.h"

namespace kiln {
namespace {

constexpr float kMostStates = 65536;

}  // namespace

void ValueRange::add(std::span<const float> x) {
  for (const float value : x) {
    low = empty ? value : std::min(low, value);
    high = empty ? value : std::max(high, value);
    only_0_and_1 = only_0_and_1 && (value == 0 || value == 1);
    only_0_and_255 = only_0_and_255 && (value == 0 || value == 255);
    only_states = only_states && value >= 0 && value < kMostStates && value == std::floor(value);
    empty = false;
  }
}

bool ValueRange::allows(Values values) const {
  switch (values) {
    case Values::binary:
      return only_0_and_1;
    case Values::unit:
      return low >= 0 && high <= 1;
    case Values::signed_unit:
      return low >= -1 && high <= 1;
    case Values::real:
      return true;
    case Values::states:
      return only_states;
  }
  KILN_ASSERT(!"a kind of values without a range");
}

std::int64_t levels_of(Values values, const ValueRange& range) {
  if (values == Values::binary) return 2;
  return values == Values::states ? std::max<std::int64_t>(2, std::llround(range.high) + 1) : 0;
}

Values check_values(const std::string& where, const std::string& name, const ValueRange& range,
                    std::optional<Values> wanted, Values otherwise) {
  const auto values = wanted.value_or(otherwise);
  if (!range.allows(values))
    throw ConfigError(where, fmt::format("{} holds numbers from {} to {}, which values={} does not "
                                         "allow; choose another, or leave it out",
                                         name, range.low, range.high, enum_name(values)));
  return values;
}

}  // namespace kiln
