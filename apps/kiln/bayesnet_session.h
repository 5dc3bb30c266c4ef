#pragma once

#include "apps/kiln/bayesnet_request.h"
#include "apps/kiln/console.h"

namespace kiln::program {

/// Reads the network or learns it, and answers all that is asked of it, as one result.  Throws
/// ConfigError for questions that cannot be, or IoError for files.
void answer_bayesnet(const BayesnetArguments& a, const Console& console);

}  // namespace kiln::program
