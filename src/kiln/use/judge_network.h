#pragma once

#include <memory>
#include <optional>
#include <string>

#include "kiln/metrics/feature_network.h"
#include "kiln/runs/hooks.h"
#include "kiln/use/judged_data.h"
#include "kiln/use/requests.h"

namespace kiln {

/// Trains the classifier on the train part of `spec` where it is not in the cache; what its test
/// part, or else its validation part, holds says how good it is.  Broken items of the source are
/// left out where the run left them out.
std::shared_ptr<FeatureNetwork> judge_network(const NetworkChoice& arguments,
                                              const TrainedModel& run, const std::string& spec,
                                              const Hooks& hooks);

/// Samples of a run, drawn some hundred at a time, as a judge sees them: in [0, 1].
Tensor samples_in_unit_range(const TrainedModel& run, std::int64_t count, Rng& rng);

}  // namespace kiln
