#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kiln/data/dataset.h"

namespace kiln {

/// A part of the data that a run learns from.
struct DataPart {
  std::string name;  ///< "train", "validation", "train_b", "validation_b".
  std::string spec;
  DatasetPtr data;
};

/// Who made a run, and of what: RUN/provenance.json.  It stands beside the files that are equal for
/// equal runs, and is not one of them.
///
/// Keys: kiln and libtorch, their versions; command, as it was typed; and each part of the data,
/// with spec, items and fingerprint.
void write_provenance(const std::filesystem::path& run, const std::string& command,
                      const std::vector<DataPart>& parts);

/// Throws ConfigError, with what changed, if the data are not those that the run began with.  A run
/// without the file was made by an older Kiln, and nothing is known.
void check_same_data(const std::filesystem::path& run, const std::vector<DataPart>& parts);

}  // namespace kiln
