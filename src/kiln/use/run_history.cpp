#include "kiln/use/run_history.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "kiln/io/atomic_file.h"

namespace kiln {
namespace {

void add_line(RunHistory& history, std::vector<double>& rates, const nlohmann::json& line) {
  if (!line.is_object() || !line.contains("step") || !line["step"].is_number()) return;
  const double step = line["step"].get<double>();
  if (line.contains("seconds") && line["seconds"].is_number())
    history.seconds = line["seconds"].get<double>();
  for (const auto& [name, value] : line.items()) {
    if (name == "step" || name == "seconds" || !value.is_number()) continue;
    if (name == "examples_per_second") {
      rates.push_back(value.get<double>());
    } else {
      auto found = std::find_if(history.series.begin(), history.series.end(),
                                [&](const Series& series) { return series.name == name; });
      if (found == history.series.end())
        found = history.series.insert(history.series.end(),
                                      {.name = name, .steps = {}, .seconds = {}, .values = {}});
      found->steps.push_back(step);
      found->seconds.push_back(history.seconds);
      found->values.push_back(value.get<double>());
    }
  }
}

}  // namespace

const Series* RunHistory::find(const std::string& name) const {
  for (const auto& candidate : series)
    if (candidate.name == name) return &candidate;
  return nullptr;
}

RunHistory read_history(const std::filesystem::path& run) {
  RunHistory history;
  const auto path = run / "metrics.jsonl";
  if (!std::filesystem::exists(path)) return history;
  std::istringstream lines(read_text_file(path));
  std::vector<double> rates;
  for (std::string line; std::getline(lines, line);)
    add_line(history, rates, nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false));
  if (!rates.empty()) {
    const auto middle = rates.begin() + static_cast<std::ptrdiff_t>(rates.size() / 2);
    std::nth_element(rates.begin(), middle, rates.end());
    history.examples_per_second = *middle;
  }
  return history;
}

}  // namespace kiln
