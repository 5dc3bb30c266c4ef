#pragma once

#include <string>

#include "kiln/train/run_config.h"

namespace kiln {

/// The model's options and the training options that differ from their defaults: "hidden 200,
/// schedule cosine".
std::string changed_options(const RunConfig& config);

/// The command that trains the same run into runs/`name`, quoted for a shell.
std::string repeat_command(const RunConfig& config, const std::string& name);

}  // namespace kiln
