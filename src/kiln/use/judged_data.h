#pragma once

#include <map>
#include <string>
#include <string_view>

#include "kiln/data/source.h"
#include "kiln/runs/load_run.h"

namespace kiln {

/// The data that a run is judged by: `--data SPEC` (every row) or a part of the run's own
/// source; its validation part is that of its `--valid SPEC`, if it was trained with one.
struct JudgedData {
  DatasetPtr data;
  Transform transform;
  std::string name;  ///< "SPEC" or "SPEC (test)".
};
/// `keys` are set in the SPEC before it is opened: {{"label", "colour"}}.
JudgedData judged_data(const TrainedModel& run, const std::string& spec, const std::string& split,
                       const std::map<std::string, std::string>& keys = {});

/// What a translator is given in a direction: for "b2a" of a run with a second source that one is
/// its own, and without a part "b" the items are pictures of the second kind.
JudgedData pictures_to_translate(const TrainedModel& run, const std::string& spec,
                                 const std::string& split, std::string_view direction);

/// `direction`, or the run's first where none is said; empty for a run that translates nothing.
/// Throws ConfigError for another one.
std::string direction_of(const TrainedModel& run, const std::string& direction);

/// Whether a source has a test part of its own; `spec` empty: the run's own source.
bool has_test_part(const TrainedModel& run, const std::string& spec);

}  // namespace kiln
