#include "kiln/use/item_scores.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <numeric>

#include "kiln/feed/batches.h"
#include "kiln/metrics/likelihood.h"
#include "kiln/models/seen_as.h"

namespace kiln {
namespace {

struct Score {
  std::string name;
  std::function<Tensor(const Batch&)> of;
};

bool has_codes(const Model& model) { return seen_as<Encoder>(model) && seen_as<Decoder>(model); }

Score score_of(const TrainedModel& run, std::int64_t draws, Rng& rng) {
  if (auto* likelihood = seen_as<Likelihood>(*run.model))
    return {"log_prob", [likelihood](const Batch& batch) { return likelihood->log_prob(batch); }};
  if (auto* bound = seen_as<Bound>(*run.model))
    return {"bound", [bound, draws, &rng](const Batch& batch) {
              return draws > 0 ? bound->log_prob_iwae(batch, draws, rng) : bound->elbo(batch, rng);
            }};
  if (has_codes(*run.model))
    return {"reconstruction_error", [&model = *run.model](const Batch& batch) {
              return reconstruction_errors(model, batch.x);
            }};
  if (auto* critic = seen_as<Critic>(*run.model))
    return {"realness_logit",
            [critic](const Batch& batch) { return critic->realness_logits(batch); }};
  run.refuse("likelihood, bound, code or critic");
}

}  // namespace

double ItemScores::mean() const {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

bool scores_items(const Model& model) {
  return seen_as<Likelihood>(model) || seen_as<Bound>(model) || has_codes(model) ||
         seen_as<Critic>(model);
}

ItemScores score_items(const TrainedModel& run, const DatasetPtr& data, const Transform& transform,
                       const ScoreOptions& options) {
  torch::NoGradGuard no_grad;
  Rng rng(options.seed, "score", options.device);
  const auto figure = score_of(run, options.draws, rng);
  Loader loader(data, transform, LoaderOptions::one_pass(options.batch, options.seed));
  ItemScores scores{figure.name, {}};
  for (auto host = loader.next(); host.rows > 0; host = loader.next()) {
    const auto values = figure.of(to_batch(std::move(host), loader.info(), options.device))
                            .to(torch::kCPU, torch::kFloat64)
                            .contiguous();
    const auto* first = values.data_ptr<double>();
    scores.values.insert(scores.values.end(), first, first + values.numel());
  }
  return scores;
}

}  // namespace kiln
