#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "kiln/train/trainer.h"

namespace kiln {

/// The written memory of a run: metrics.jsonl (one object a line) and a TensorBoard event file with
/// the same scalars.
class Records {
 public:
  /// Goes on after `step`: later lines of both files are cut off.  `step` 0 begins anew.
  Records(const std::filesystem::path& folder, std::int64_t step, std::int64_t examples_per_round);

  void add(const TrainRecord& record);  ///< step, seconds, examples_per_second, loss, player/name
  void add_validation(std::int64_t step, const std::string& metric,
                      double value);  ///< step, seconds, valid/metric

 private:
  double seconds() const;
  void write(std::int64_t step, const std::vector<std::pair<std::string, double>>& values);

  std::filesystem::path path_;
  std::int64_t examples_per_round_;
  double earlier_seconds_ = 0;  // of the sessions before this one
  std::int64_t last_step_;
  double last_seconds_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace kiln
