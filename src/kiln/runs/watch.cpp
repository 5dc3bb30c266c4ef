#include "kiln/runs/watch.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>

#include "kiln/data/loader.h"
#include "kiln/feed/batches.h"
#include "kiln/metrics/likelihood.h"
#include "kiln/metrics/manifold_coverage.h"
#include "kiln/models/seen_as.h"
#include "kiln/nn/eval_scope.h"

namespace kiln {
namespace {

constexpr double kLeastCoverage = .4, kInformationGap = .5;
constexpr std::int64_t kMostItems = 512, kMostNumbers = 1 << 25, kFewest = 6;

}  // namespace

std::string validation_metric(const Model& model) {
  const auto metrics = metrics_of(model);
  const bool implicit = metrics.empty();
  if (implicit && seen_as<Critic>(model) && seen_as<Sampler>(model)) return kCoverage;
  if (implicit) return "";
  if (const auto* bound = seen_as<Bound>(model); bound && bound->training_draws() > 1)
    return "iwae";
  const bool by_classes = likelihood_metrics(model).empty() && metrics.back() == "error";
  return by_classes ? "error" : metrics.front();
}

// A small reconstruction error says nothing of codes that miss the prior, nor does a small cycle
// error of pictures that nobody would take for the other kind: a model trained for both has no one
// figure, and its last state counts.
bool tells_the_best(const std::string& metric, const Model& model) {
  if (metric == kCoverage || metric == "cycle_error") return false;
  return metric == "reconstruction" ? !matches_a_prior(model) : !metric.empty();
}

double validation_figure(Model& model, const std::string& metric, const TrainingData& data,
                         const TrainOptions& options, torch::Device device,
                         const std::function<bool()>& stopped) {
  const auto seed = static_cast<std::uint64_t>(options.seed);
  if (metric == kCoverage)
    return -sample_coverage(model, data.valid, data.valid_transform, seed, device);
  const auto* bound = seen_as<Bound>(model);
  const JudgeOptions how{.draws = bound ? bound->training_draws() : 1,
                         .batch = std::max<std::int64_t>(100, options.batch),
                         .most_items = options.validation_items,
                         .seed = seed,
                         .stopped = stopped};
  const double value = judge(model, metric, data.valid, data.valid_transform, device, how).mean;
  return rises(metric) ? -value : value;
}

void LossWatch::add(double loss) {
  if (records_++ == 0) first_ = loss;
  last_ = loss;
}

// A fifth of what the first record says, and a nat: noise of small batches does not rise as far.
std::string LossWatch::warning() const {
  if (records_ < 2 || last_ - first_ <= 1 + std::abs(first_) / 5) return "";
  return fmt::format(
      "warning: the loss rose from {:.4g} to {:.4g}; a smaller --learning-rate may "
      "help",
      first_, last_);
}

std::string coverage_warning(double coverage) {
  if (!(coverage < kLeastCoverage)) return "";
  return fmt::format(
      "warning: near {:.0f} % of the data's items there is no sample: the samples repeat "
      "themselves or are not like the data yet; docs/models/gan.md lists remedies for mode "
      "collapse",
      100 * (1 - coverage));
}

std::string information_warning(const std::string& name, double in_training, double alone) {
  if (in_training - alone < kInformationGap) return "";
  return fmt::format(
      "warning: {} is {:.2f} nats in training and {:.2f} for pictures alone: real and generated "
      "batches are normalised apart, and the critic wins; try --critic-norm layer or more "
      "--critic-units",
      name, in_training, alone);
}

std::int64_t coverage_items(std::int64_t item_size, std::int64_t items) {
  return std::min(std::clamp(kMostNumbers / item_size, kFewest, kMostItems), items);
}

// Always the same items; a source may be sorted by class.
double sample_coverage(Model& model, const DatasetPtr& valid, const Transform& transform,
                       std::uint64_t seed, torch::Device device) {
  const EvalScope judging(model);
  const auto count = coverage_items(valid->info().item_size(), valid->size());
  if (count < kFewest) return std::nan("");
  auto options = LoaderOptions::one_pass(count, seed, 0);
  options.shuffle = true;
  Loader loader(valid, transform, options);
  Rng noise(seed, "coverage", device);
  torch::NoGradGuard no_grad;
  const auto rows = [](const Tensor& x) { return x.flatten(1).to(torch::kCPU, torch::kFloat64); };
  const auto samples = rows(surely_as<Sampler>(model).sample({.count = count}, noise));
  if (!samples.isfinite().all().item<bool>()) return 0;
  return manifold_coverage(rows(to_batch(loader.next(), loader.info()).x), samples).coverage;
}

}  // namespace kiln
