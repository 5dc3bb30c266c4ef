#pragma once

#include <filesystem>
#include <string>

#include "kiln/data/dataset.h"

namespace kiln {

/// Who made a run, and of what: RUN/provenance.json.  It stands beside the files that are equal for
/// equal runs, and is not one of them.
///
/// Keys: kiln and libtorch, their versions; command, as it was typed; train and validation,
/// each with spec, items and fingerprint.
void write_provenance(const std::filesystem::path& run, const std::string& command,
                      const std::string& data, const Dataset& train, const std::string& valid_data,
                      const Dataset& valid);

/// Throws ConfigError, with what changed, if the data are not those that the run began with.  A run
/// without the file was made by an older Kiln, and nothing is known.
void check_same_data(const std::filesystem::path& run, const Dataset& train, const Dataset& valid);

}  // namespace kiln
