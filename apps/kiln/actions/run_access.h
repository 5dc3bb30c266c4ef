#pragma once

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "apps/kiln/actions.h"
#include "kiln/core/error.h"
#include "kiln/data/source.h"
#include "kiln/registry/load_run.h"
#include "kiln/registry/models.h"

namespace kiln::program {

/// Throws ConfigError for a device that this machine lacks.
torch::Device parse_device(const std::string& text);

/// Loads the run and prints its warnings.
LoadedRun load(const RunArguments& arguments, const Console& console);

/// The data that a command judges a run by: `--data SPEC` (every row) or a part of the run's own
/// source; its validation part is that of its `--valid SPEC`, if it was trained with one.
struct JudgedData {
  DatasetPtr data;
  Transform transform;
  std::string name;  ///< "SPEC" or "SPEC (test)".
};
/// `keys` are set in the SPEC before it is opened: {{"label", "colour"}}.
JudgedData judged_data(const LoadedRun& run, const std::string& spec, const std::string& split,
                       const std::map<std::string, std::string>& keys = {});

/// Whether a source has a test part of its own; `spec` empty: the run's own source.
bool has_test_part(const LoadedRun& run, const std::string& spec);

}  // namespace kiln::program
