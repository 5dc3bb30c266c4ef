#pragma once

#include <string_view>

#include "kiln/models/model.h"

namespace kiln {

/// What every sampler without classes checks first.  Throws ConfigError unless count is positive,
/// temperature is finite and at least 0, and no label is asked for.
void check_unconditional(std::string_view where, const SampleRequest& request);

}  // namespace kiln
