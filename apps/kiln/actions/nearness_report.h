#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "kiln/metrics/nearest_training.h"

namespace kiln::program {

/// A table of quantiles, what it comes to in one sentence, and the same as JSON.
struct NearnessReport {
  std::string text;
  nlohmann::json object;
};
NearnessReport report_nearness(const TrainingNearness& nearness);

}  // namespace kiln::program
