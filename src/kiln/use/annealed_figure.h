#pragma once

#include <string>

#include "kiln/metrics/estimate.h"
#include "kiln/use/judged_data.h"
#include "kiln/use/requests.h"

namespace kiln {

// ais      log p(x) of data by annealed importance sampling, nats: below it on average
// ais_gap  of items that the model draws itself: the estimate from above less that from below,
//          nats; how far `ais` may be off

/// The figure that was asked for, and how it was measured.
struct AnnealedFigure {
  Estimate estimate;
  std::string protocol;
};

/// Throws ConfigError for a model without LatentJoint.
AnnealedFigure annealed_figure(const TrainedModel& run, const JudgedData& judged,
                               const std::string& metric, const AnnealingChoice& arguments,
                               std::uint64_t seed, torch::Device device);

}  // namespace kiln
