#pragma once

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "apps/kiln/actions.h"
#include "apps/kiln/actions/progress.h"
#include "kiln/core/error.h"
#include "kiln/registry/models.h"
#include "kiln/runs/hooks.h"
#include "kiln/runs/load_run.h"
#include "kiln/use/codes.h"
#include "kiln/use/judged_data.h"

namespace kiln::program {

/// Throws ConfigError for a device that this machine lacks.
torch::Device parse_device(const std::string& text);

/// Loads the run and prints its warnings.
TrainedModel load(const RunArguments& arguments, const Console& console);

/// Seed and device as the command line says them.
CodeOptions code_options(const RunArguments& run, std::int64_t items = 0, std::int64_t batch = 500);

/// Notes and progress on standard error.
Hooks hooks_of(const Console& console, Progress& progress);

}  // namespace kiln::program
