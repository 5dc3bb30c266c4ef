#pragma once

#include <string>
#include <vector>

#include "kiln/use/judged_data.h"

namespace kiln {

/// One figure per item, under its own name: "log_prob" (an exact density), "bound" (an ELBO, or
/// importance weighted draws), "reconstruction_error" (squared, summed over D), or "realness_logit"
/// (a critic's).
struct ItemScores {
  std::string name;
  std::vector<double> values;
  double mean() const;
};

struct ScoreOptions {
  std::int64_t draws = 0;  ///< For a bound: importance draws; 0 is the ELBO.
  std::int64_t batch = 100;
  std::uint64_t seed = 1;
  torch::Device device = torch::kCPU;
};

/// Whether the model can say anything of an item.
bool scores_items(const Model& model);

/// Scores every item of `data`, in order.  Throws ConfigError for a model that cannot.
ItemScores score_items(const TrainedModel& run, const DatasetPtr& data, const Transform& transform,
                       const ScoreOptions& options);

}  // namespace kiln
