#include "kiln/models/request.h"

#include <fmt/format.h>

#include <cmath>

#include "kiln/core/check.h"

namespace kiln {

void check_unconditional(std::string_view where, const SampleRequest& request) {
  check_positive(where, "count", request.count);
  if (!std::isfinite(request.temperature) || request.temperature < 0)
    throw ConfigError(
        where, fmt::format("temperature must be a number from 0 up, got {}", request.temperature));
  if (request.label)
    throw ConfigError(
        where, fmt::format("the model has no classes, got label {}; leave it out", *request.label));
}

}  // namespace kiln
