#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kiln/use/anomaly.h"

namespace kiln::program {

/// What the figures are worth, as text and as an object; pictures beside `csv`: ROC curves in one,
/// a histogram for each.
struct AnomalyReport {
  std::string text;
  nlohmann::json object;
};
AnomalyReport report_anomaly(const std::string& csv, const AnomalyData& data,
                             const std::vector<AnomalyFigure>& figures);

}  // namespace kiln::program
