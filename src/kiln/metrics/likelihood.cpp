#include "kiln/metrics/likelihood.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "kiln/core/text.h"
#include "kiln/feed/batches.h"
#include "kiln/metrics/active_units.h"
#include "kiln/metrics/code_mmd.h"
#include "kiln/models/directed_pair.h"
#include "kiln/models/seen_as.h"
#include "kiln/nn/eval_scope.h"

namespace kiln {

std::vector<std::string> likelihood_metrics(const Model& model) {
  std::vector<std::string> names;
  if (seen_as<Likelihood>(model)) names.insert(names.end(), {"nll", "bpd"});
  if (seen_as<Standardised>(model)) names.emplace_back("nll_standardised");
  if (seen_as<Bound>(model)) {
    names.insert(names.end(), {"elbo", "iwae", "elbo_bpd"});
    if (seen_as<Encoder>(model)) names.emplace_back("active_units");
  }
  return names;
}

std::vector<std::string> metrics_of(const Model& model) {
  auto names = likelihood_metrics(model);
  if (seen_as<Encoder>(model) && seen_as<Decoder>(model)) names.emplace_back("reconstruction");
  if (matches_a_prior(model)) names.emplace_back("code_mmd");
  if (const auto* translator = seen_as<Translator>(model)) {
    if (translator->directions().size() > 1) names.emplace_back("cycle_error");
    names.insert(names.end(), {"translation_error", "copy_error"});
  }
  if (const auto* classifier = seen_as<Classifier>(model); classifier && classifier->classes() > 0)
    names.emplace_back("error");
  return names;
}

std::vector<std::string> metrics_of(const Model& model, const DataInfo& data) {
  auto names = metrics_of(model);
  const auto* b = data.field("b");
  if (!b) std::erase(names, "translation_error");
  if (!b || b->shape != data.shape) std::erase(names, "copy_error");
  return names;
}

bool matches_a_prior(const Model& model) {
  return likelihood_metrics(model).empty() && seen_as<Game>(model) && seen_as<Encoder>(model) &&
         seen_as<Decoder>(model) && seen_as<Prior>(model);
}

Tensor reconstruction_errors(Model& model, const Tensor& x) {
  const auto z = surely_as<Encoder>(model).encode_mean(x);
  return (x - surely_as<Decoder>(model).decode_mean(z)).square().flatten(1).sum(1);
}

namespace {

// Mean distance of pictures, as a share of the values' range: [B].
Tensor apart(const Tensor& one, const Tensor& other, ValueSet values) {
  return (one - other).abs().flatten(1).mean(1) / (values.high() - values.low());
}

}  // namespace

namespace {

DirectedPair true_pair(std::string_view metric, const Batch& pairs, std::string_view direction) {
  DirectedPair pair(pairs, direction);
  if (!pair.truth.defined())
    throw ConfigError("metric", fmt::format("{} needs pairs, and the data have no part b; use "
                                            "pairs:DIR_A,b=DIR_B or shapes:pair=outline",
                                            metric));
  return pair;
}

}  // namespace

Tensor copy_errors(Model& model, const Batch& pairs, std::string_view direction, Rng&) {
  const auto pair = true_pair("copy_error", pairs, direction);
  if (pair.source.sizes() != pair.truth.sizes())
    throw ConfigError("metric", fmt::format("copy_error compares pictures of one kind, and these "
                                            "have {} and {} channels",
                                            pair.source.size(1), pair.truth.size(1)));
  return apart(pair.source, pair.truth, model.value_set());
}

Tensor translation_errors(Model& model, const Batch& pairs, std::string_view direction, Rng& rng) {
  const auto pair = true_pair("translation_error", pairs, direction);
  const auto made = surely_as<Translator>(model).translate(pair.source, direction, rng);
  return apart(made, pair.truth, model.value_set());
}

Tensor cycle_errors(Model& model, const Batch& pictures, std::string_view direction, Rng& rng) {
  auto& translator = surely_as<Translator>(model);
  const DirectedPair pair(pictures, direction);
  const auto made = translator.translate(pair.source, direction, rng);
  const auto back = translator.translate(made, reversed(direction), rng);
  return apart(back, pair.source, model.value_set());
}

Tensor class_errors(Classifier& model, const Batch& batch) {
  if (!batch.y.defined()) throw ConfigError("metric", "error needs labels, and the data have none");
  return model.class_logits(batch).argmax(1).ne(batch.y);
}

namespace {

using Figure = std::function<Tensor(const Batch&)>;

void check_metric(const Model& model, const std::string& metric) {
  const auto known = metrics_of(model);
  if (std::find(known.begin(), known.end(), metric) != known.end()) return;
  throw ConfigError(
      "metric",
      known.empty()
          ? fmt::format(
                "'{}' needs a likelihood or a bound, and this model is implicit: it has neither",
                metric)
          : fmt::format("this model has no metric '{}'; it has: {}", metric, join(known, ", ")));
}

DatasetPtr part_of(const DatasetPtr& data, std::int64_t most_items) {
  if (most_items == 0 || most_items >= data->size()) return data;
  std::vector<std::int64_t> first(static_cast<std::size_t>(most_items));
  std::iota(first.begin(), first.end(), std::int64_t{0});
  return subset(data, std::move(first));
}

// Items of all kinds in every batch, and two batches at least: one would have no standard error.
LoaderOptions random_batches(std::int64_t items, const JudgeOptions& options) {
  return {.batch = std::clamp<std::int64_t>(options.batch, 2, std::max<std::int64_t>(2, items / 2)),
          .shuffle = true,
          .repeat = false,
          .drop_last = true,
          .seed = options.seed,
          .threads = 1};
}

// How a translator's metric is measured; null for another metric.
auto* errors_of_translation(const std::string& metric) {
  using Errors = Tensor(Model&, const Batch&, std::string_view, Rng&);
  Errors* none = nullptr;
  return metric == "translation_error" ? translation_errors
         : metric == "copy_error"      ? copy_errors
         : metric == "cycle_error"     ? cycle_errors
                                       : none;
}

// The figure of each item.
Figure figure_of(Model& model, const std::string& metric, std::int64_t numbers, double level_bits,
                 const JudgeOptions& options, Rng& noise) {
  if (metric == "reconstruction")
    return [&](const Batch& batch) { return reconstruction_errors(model, batch.x); };
  if (const auto errors = errors_of_translation(metric)) {
    const auto& translator = surely_as<Translator>(model);
    if (!options.direction.empty()) check_direction(translator, options.direction);
    return [=, &model, &noise,
            way = options.direction.empty() ? translator.directions().front() : options.direction](
               const Batch& batch) { return errors(model, batch, way, noise); };
  }
  if (metric == "error")
    return [&c = surely_as<Classifier>(model)](const Batch& b) { return class_errors(c, b); };
  if (auto* bound = seen_as<Bound>(model); bound && metric == "elbo")
    return [=, &noise](const Batch& batch) { return bound->elbo(batch, noise); };
  if (auto* bound = seen_as<Bound>(model); bound && metric == "iwae")
    return [=, &noise](const Batch& batch) {
      return bound->log_prob_iwae(batch, options.draws, noise);
    };
  const double nat = 1 / (std::numbers::ln2 * static_cast<double>(numbers));  // in bits each
  if (auto* bound = seen_as<Bound>(model); bound && metric == "elbo_bpd")
    return [=, level = bound->bounds_mass() ? 0 : level_bits, &noise](const Batch& batch) {
      return -nat * bound->elbo(batch, noise) + level;
    };
  const bool bits = metric == "bpd";
  const double volume =
      metric == "nll_standardised" ? surely_as<Standardised>(model).log_volume() : 0;
  return [=, &density = surely_as<Likelihood>(model)](const Batch& batch) {
    const auto nats = -density.log_prob(batch) - volume;
    return bits ? nat * nats + level_bits : nats;
  };
}

Figure unless_stopped(const JudgeOptions& options, Figure figure) {
  return [&options, figure = std::move(figure)](const Batch& batch) {
    if (options.stopped && options.stopped()) throw Interrupted();
    return figure(batch);
  };
}

}  // namespace

Estimate judge(Model& model, const std::string& metric, const DatasetPtr& data,
               const Transform& transform, torch::Device device, const JudgeOptions& options) {
  check_metric(model, metric);
  const auto part = part_of(data, options.most_items);
  const bool compares_codes = metric == "code_mmd";
  if (compares_codes && part->size() < 2) return {std::nan(""), std::nan(""), part->size()};
  Loader loader(part, transform,
                compares_codes ? random_batches(part->size(), options)
                               : LoaderOptions::one_pass(options.batch, options.seed));
  Rng noise(options.seed, "judge", device);
  const EvalScope judging(model);
  if (metric == "active_units") {
    const auto units = active_units(surely_as<Encoder>(model), loader, device);
    return {static_cast<double>(units), 0, part->size()};
  }
  auto estimate =
      compares_codes
          ? code_mmd(surely_as<Encoder>(model), surely_as<Prior>(model), loader, device, noise)
          : average(loader, device,
                    unless_stopped(options, figure_of(model, metric, data->info().item_size(),
                                                      transform.bits_of_level(), options, noise)));
  estimate.items = part->size();
  return estimate;
}

}  // namespace kiln
