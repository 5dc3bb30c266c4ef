#pragma once

#include <string>
#include <vector>

#include "kiln/registry/model_info.h"

namespace kiln::program {

/// Every model of the registry, as the build wrote them down: they can be listed and their options
/// checked without LibTorch.
const std::vector<ModelInfo>& model_table();

/// Throws ConfigError naming the nearest model.
const ModelInfo& find_model_info(const std::string& name);

}  // namespace kiln::program
