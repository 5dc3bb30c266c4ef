#include "kiln/train/records.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "kiln/core/error.h"
#include "kiln/io/atomic_file.h"

namespace kiln {

Records::Records(const std::filesystem::path& folder, std::int64_t step, std::int64_t examples_per_round)
    : path_(folder / "metrics.jsonl"), examples_per_round_(examples_per_round), last_step_(step) {
  last_seconds_ = earlier_seconds_;
}

double Records::seconds() const {
  return earlier_seconds_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Records::add(const TrainRecord& record) {
  const double now = seconds();
  const double examples = static_cast<double>((record.step - last_step_) * examples_per_round_);
  std::vector<std::pair<std::string, double>> values{{"seconds", now}, {"examples_per_second", examples / std::max(1e-9, now - last_seconds_)}, {"loss", record.loss}};
  values.insert(values.end(), record.scalars.begin(), record.scalars.end());
  write(record.step, values);
  last_step_ = record.step;
  last_seconds_ = seconds();
}

void Records::add_validation(std::int64_t step, const std::string& metric, double value) {
  write(step, {{"seconds", seconds()}, {"valid/" + metric, value}});
  last_seconds_ = seconds();  // the time that judging took is not training's
}

void Records::write(std::int64_t step, const std::vector<std::pair<std::string, double>>& values) {
  nlohmann::ordered_json line{{"step", step}};
  for (const auto& [name, value] : values) line[name] = value;
  std::ofstream file(path_, std::ios::app);
  file << line.dump() << "\n";
  file.flush();
  if (!file) throw IoError(path_.string(), "cannot write; is the disk full?");
}

}  // namespace kiln
