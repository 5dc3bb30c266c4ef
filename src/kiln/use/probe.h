#pragma once

#include <string>
#include <utility>
#include <vector>

#include "kiln/runs/hooks.h"
#include "kiln/use/judged_data.h"

namespace kiln {

/// What is to be learned from a run's codes with few labels.
struct ProbeAsk {
  std::string data = {}, split = {};      ///< SPEC and its judged part; empty: the run's own, test.
  std::vector<std::int64_t> labels = {};  ///< How many labelled items, in turn.
  std::int64_t neighbours = 20;
  bool fine_tune = false;  ///< Also train the encoder on.
  std::uint64_t seed = 1;
  torch::Device device = torch::kCPU;
};

struct ProbeAnswer {
  std::string data;           ///< Judged on: "SPEC (test)".
  std::int64_t items = 0;     ///< Of that.
  std::int64_t features = 0;  ///< Numbers of a code.
  /// Accuracies by method, one for each number of labels.
  std::vector<std::pair<std::string, std::vector<double>>> accuracies = {};
};

/// Throws ConfigError for a run that does not encode and for data without labels.
ProbeAnswer probe(const TrainedModel& run, const ProbeAsk& ask, const Hooks& hooks);

}  // namespace kiln
