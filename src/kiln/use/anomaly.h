#pragma once

#include <string>
#include <vector>

#include "kiln/use/item_scores.h"
#include "kiln/use/requests.h"

namespace kiln {

// Telling strange items from those of the kind that a run learned, by one figure per item.

/// One figure of the items of both kinds.
struct AnomalyFigure {
  std::string name;
  std::vector<double> in, out;  ///< Of the run's kind, and of the strange ones.
  bool judged = true;  ///< Whether it is to tell them apart, or only a part of one that is.

  bool rises() const;  ///< Larger for stranger items.
};

struct AnomalyData {
  JudgedData in, out;
};

/// Opens both.  The strange items are binarised, quantised and dequantised as the run's own SPEC
/// says, unless theirs says it.  Throws ConfigError where the run's own items are those that it
/// learned from.
AnomalyData anomaly_data(const TrainedModel& run, const std::string& data, const std::string& split,
                         const AnomalyRequest& request);

/// The run's own figure first.  With a background model log p(x) - log p_background(x), Ren et al.
/// 2019, arXiv:1906.02845; with png log p(x) + bits ln 2 of the item as a PNG, Serra et al. 2020,
/// arXiv:1909.11480; both in nats, and both in place of log p(x) for bounds too.
std::vector<AnomalyFigure> anomaly_figures(const TrainedModel& run, const AnomalyData& data,
                                           const AnomalyRequest& request,
                                           const ScoreOptions& options);

/// The figures as a table: index, ood (0 or 1), one column each.
void write_anomaly_csv(const std::string& path, const std::vector<AnomalyFigure>& figures);

}  // namespace kiln
