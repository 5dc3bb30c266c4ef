#pragma once

#include <optional>
#include <string>

#include "kiln/metrics/modes.h"
#include "kiln/runs/load_run.h"
#include "kiln/use/judge_network.h"

namespace kiln {

// Figures of `kiln eval` about modes: of a mixture of Gaussians on the plane, or of the 1000
// triples of digits of a stacked source.

/// Whether the modes of a source are known.
bool has_modes(const std::string& spec);

struct ModeOptions {
  std::string source;  ///< SPEC with known modes.
  NetworkChoice network;
  std::optional<std::int64_t> samples = std::nullopt;  ///< 2500 on the plane, 26000 of triples.
};

/// Modes of samples, and how they were told.
struct CountedModes {
  ModeCoverage coverage;
  std::int64_t samples = 0;
  std::string judge;  ///< "one within 3 deviations", or the network's name.
};

/// Of samples of the run.  Throws ConfigError where it cannot sample or the source's modes are not
/// known.
CountedModes count_modes(const TrainedModel& run, const ModeOptions& arguments, Rng rng,
                         const Hooks& hooks);

/// Throws ConfigError for high_quality of triples, which no one judges.
double mode_figure(const CountedModes& modes, const std::string& metric);
std::string mode_protocol(const CountedModes& modes, const std::string& metric);

}  // namespace kiln
