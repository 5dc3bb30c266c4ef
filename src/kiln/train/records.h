#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "kiln/io/jsonl.h"
#include "kiln/io/tensorboard.h"
#include "kiln/train/trainer.h"

namespace kiln {

/// The written memory of a run: metrics.jsonl (one object a line) and a TensorBoard event file with
/// the same scalars.
class Records {
 public:
  /// Goes on after `step`: what both files hold beyond it is cut off.
  Records(const std::filesystem::path& folder, std::int64_t step, std::int64_t batch,
          std::vector<Stage> stages = {});

  void add(const TrainRecord& record);  ///< step, seconds, examples_per_second, loss, player/name
  void add_validation(std::int64_t step, const std::string& metric,
                      double value);  ///< step, seconds, valid/metric

 private:
  double seconds() const;  // of training, earlier sessions included
  void write(std::int64_t step, const std::vector<std::pair<std::string, double>>& values);

  double earlier_seconds_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::int64_t batch_;
  std::vector<Stage> stages_;
  std::int64_t last_step_;
  double last_seconds_;
  JsonlWriter lines_;
  TensorboardWriter events_;
};

/// One line of metrics.jsonl.
struct MetricLine {
  std::int64_t step = 0;
  std::vector<std::pair<std::string, double>> values;
};

/// Every line of a run's metrics.jsonl, in order; empty when there is no such file.  Throws IoError
/// for a damaged line.
std::vector<MetricLine> read_metrics(const std::filesystem::path& folder);

}  // namespace kiln
