#pragma once

#include <string_view>

#include "kiln/models/model.h"

namespace kiln {

/// What every sampler without classes checks first.  Throws ConfigError unless count is positive,
/// temperature is finite and at least 0, and no label is asked for.
void check_unconditional(std::string_view where, const SampleRequest& request);

/// The same for one that divides by the temperature: it must be positive.
void check_tempered(std::string_view where, const SampleRequest& request);

/// The same for a model of C classes: the class of each item, [count] int64.  Without a label the
/// classes come in turn: 0, 1 .. C - 1, 0 ...  Throws ConfigError for a label that is none.
Tensor requested_labels(std::string_view where, const SampleRequest& request, std::int64_t classes);

}  // namespace kiln
