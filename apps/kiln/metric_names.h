#pragma once

#include <string>
#include <vector>

#include "kiln/registry/model_info.h"

namespace kiln::program {

/// The metrics of `kiln eval`; information_PART stands for every part of the codes.
std::vector<std::string> metric_names();
/// The same for its help, by what they are about.
std::string metric_help();

/// Throws ConfigError for a metric that is none, with the nearest, or that needs what the model
/// cannot do; `metrics` are separated by commas.
void check_metrics(const std::string& metrics, const ModelInfo& model);

}  // namespace kiln::program
