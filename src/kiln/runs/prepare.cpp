#include "kiln/runs/prepare.h"

#include <fmt/format.h>

#include <algorithm>

#include "kiln/models/seen_as.h"
#include "kiln/runs/watch.h"
#include "kiln/train/learning.h"

namespace kiln {
namespace {

void check_patience(const Model& model, const TrainOptions& options) {
  if (options.patience > 0 && !tells_the_best(validation_metric(model), model))
    throw ConfigError("train.patience",
                      "this model has no figure of validation that tells the best state; leave "
                      "patience out");
}

// What was given, the data say, and the recipe has.  Returns what the recipe added, for a person.
std::string follow_recipe(RunConfig& config, const ModelEntry& entry, OptionMap options,
                          OptionMap train, OptionMap facts, std::int64_t items) {
  std::string added;
  options.merge(facts);
  if (const auto recipe = entry.recipe_for(options, items)) {
    const auto followed = follow(*recipe, entry.fields, options, train);
    options = followed.model;
    train = followed.train;
    if (!followed.added.empty())
      added = fmt::format("recipe for {}: {}", recipe->when, as_flags(followed.added));
  }
  config.model_options = entry.complete(options);
  assign("train", config.train, train);
  return added;
}

// The last, smaller batch of an epoch is not trained on; among few batches that is much.
std::string lost_items(const Model& model, const TrainOptions& options, std::int64_t items) {
  const auto left = items % options.batch;
  if (!seen_as<Game>(model) || items < options.batch || 20 * left < items) return "";
  return fmt::format(
      "an epoch is {} steps of {} items and leaves {} of {} out, others each time; a smaller "
      "--batch takes more steps and leaves fewer out",
      items / options.batch, options.batch, left, items);
}

}  // namespace

PreparedTraining prepare_training(RunConfig config, TrainingData data,
                                  const OptionMap& model_options, const OptionMap& train_options) {
  const auto& entry = find_model(config.model);
  const auto items = data.train->size();
  const auto recipe =
      follow_recipe(config, entry, model_options, train_options, facts_of(entry, data), items);
  auto model = make_model(entry, config.model_options, config.seed());
  check_patience(*model, config.train);
  if (items < 2 && seen_as<Standardised>(*model))
    throw ConfigError("data", fmt::format("{} leaves 1 item to train on beside the validation "
                                          "part; a density of real numbers needs more",
                                          config.data));
  fit_to(data, *model);
  auto remarks = remarks_on(config, data);
  if (data.b) config.train.batch = std::min(config.train.batch, data.b->train->size());
  config.train = resolve_for(*model, config.train, items);
  for (const auto& line : {recipe, lost_items(*model, config.train, items)})
    if (!line.empty()) remarks.push_back(line);
  begin_with(*model, data, config.seed());
  return {std::move(config), std::move(data), std::move(model), std::move(remarks)};
}

}  // namespace kiln
