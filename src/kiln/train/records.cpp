#include "kiln/train/records.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "kiln/core/error.h"
#include "kiln/train/stages.h"

namespace kiln {
namespace {

namespace fs = std::filesystem;

const char* const kLines = "metrics.jsonl";
const char* const kEvents = "events.out.tfevents.kiln";

double seconds_so_far(const fs::path& folder) {
  double seconds = 0;
  for (const auto& line : read_metrics(folder))
    for (const auto& [name, value] : line.values)
      if (name == "seconds") seconds = std::max(seconds, value);
  return seconds;
}

// Both logs end where the run goes on.
fs::path cut_back(const fs::path& folder, std::int64_t step) {
  truncate_after_step(folder / kLines, step);
  truncate_events_after_step(folder / kEvents, step);
  return folder;
}

}  // namespace

Records::Records(const fs::path& folder, std::int64_t step, std::int64_t batch,
                 std::vector<Stage> stages)
    : earlier_seconds_(seconds_so_far(cut_back(folder, step))),
      batch_(batch),
      stages_(std::move(stages)),
      last_step_(step),
      last_seconds_(earlier_seconds_),
      lines_(folder / kLines),
      events_(folder / kEvents) {}

double Records::seconds() const {
  return earlier_seconds_ +
         std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Records::add(const TrainRecord& record) {
  const double now = seconds();
  const auto examples =
      static_cast<double>(batches_of_rounds(stages_, last_step_, record.step) * batch_);
  std::vector<std::pair<std::string, double>> values{
      {"seconds", now},
      {"examples_per_second", examples / std::max(1e-9, now - last_seconds_)},
      {"loss", record.loss}};
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
  for (const auto& [name, value] : values) {
    line[name] = value;
    if (name != "seconds") events_.scalar(name, step, value);
  }
  lines_.write(line.dump());
}

std::vector<MetricLine> read_metrics(const fs::path& folder) {
  std::vector<MetricLine> lines;
  std::ifstream file(folder / kLines);
  std::int64_t number = 0;
  for (std::string text; std::getline(file, text);) {
    ++number;
    const auto object = nlohmann::ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!object.is_object() || !object.contains("step") || !object["step"].is_number_integer())
      throw IoError((folder / kLines).string(), fmt::format("line {} is damaged", number));
    MetricLine line{.step = object["step"].get<std::int64_t>(), .values = {}};
    for (const auto& [name, value] : object.items())
      if (name != "step" && value.is_number()) line.values.emplace_back(name, value.get<double>());
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace kiln
