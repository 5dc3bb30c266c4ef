#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kiln/metrics/estimate.h"
#include "kiln/use/judged_data.h"

namespace kiln {

/// Figures of `kiln eval` about what codes and labels do to samples.
///   information_PART  bound of I(c; G(z, c)) for a part c of the codes, nats
///   code_accuracy     share of labelled items whose class the first categorical code tells, under
///                     the best one-to-one naming of its categories
std::vector<std::string> code_metrics(const TrainedModel& run, const JudgedData& judged);

struct CodeFigure {
  Estimate estimate;
  std::string protocol;
};
/// Nothing for another metric.
std::optional<CodeFigure> code_figure(const TrainedModel& run, const JudgedData& judged,
                                      const std::string& metric, std::int64_t samples, Rng rng);

}  // namespace kiln
