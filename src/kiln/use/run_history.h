#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace kiln {

/// One figure over the steps of a run.
struct Series {
  std::string name;  ///< As in metrics.jsonl: "loss", "model/kl", "valid/nll".
  std::vector<double> steps, seconds, values;  ///< Seconds of training.
};

/// What metrics.jsonl remembers of a run.
struct RunHistory {
  std::vector<Series> series;      ///< In the order of their first appearance.
  double seconds = 0;              ///< Of training, all sessions together.
  double examples_per_second = 0;  ///< The median of the records.

  const Series* find(const std::string& name) const;
};

/// Reads metrics.jsonl of a run folder; a line that a crash cut short is passed over, and a run
/// that has recorded nothing yet has no series.
RunHistory read_history(const std::filesystem::path& run);

}  // namespace kiln
