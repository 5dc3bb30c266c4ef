#include "kiln/runs/fit.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>

#include "kiln/core/text.h"
#include "kiln/io/safetensors.h"
#include "kiln/runs/coded_data.h"
#include "kiln/runs/prepare.h"
#include "kiln/runs/watch.h"
#include "kiln/train/trainer.h"
#include "kiln/train/weights.h"

namespace kiln {
namespace {

constexpr const char* kMemory = "memory";  // where a SPEC would stand
constexpr const char* kConfig = "kiln.config";

bool has(const std::vector<FieldInfo>& fields, const std::string& name) {
  return std::any_of(fields.begin(), fields.end(),
                     [&](const FieldInfo& field) { return field.name == name; });
}

// The model's options and the training's.
std::pair<OptionMap, OptionMap> taken_apart(const ModelEntry& entry, const OptionMap& options) {
  const auto train = describe<TrainOptions>();
  std::pair<OptionMap, OptionMap> apart;
  for (const auto& [name, value] : options) {
    if (has(entry.fields, name)) {
      apart.first[name] = value;
    } else if (has(train, name)) {
      apart.second[name] = value;
    } else {
      std::vector<std::string> known;
      for (const auto& fields : {entry.fields, train})
        for (const auto& field : fields) known.push_back(field.name);
      const auto hint = did_you_mean(name, known);
      throw ConfigError("train", fmt::format("{} has no option '{}'{} Options: {}", entry.name,
                                             name, hint.empty() ? "." : hint, join(known, ", ")));
    }
  }
  return apart;
}

Source source_of(const DatasetPtr& items, const DatasetPtr& valid,
                 const DataAugmentation& augmentation) {
  if (!items) throw ConfigError("train", "there are no items to learn from");
  if (items == valid)
    throw ConfigError("train",
                      "the validation items are those that are learned from; leave them "
                      "out, and a part is held out");
  Source source;
  source.splits = {.train = items, .valid = valid, .test = nullptr};
  source.augmentation = augmentation;
  return source;
}

PreparedTraining prepare(const std::string& model, const TrainingSet& set,
                         const OptionMap& options) {
  const auto& entry = find_model(model);
  const auto [model_options, train_options] = taken_apart(entry, options);
  RunConfig config{.model = entry.name,
                   .model_options = {},
                   .data = kMemory,
                   .data_b = set.b ? kMemory : "",
                   .valid = set.valid ? kMemory : "",
                   .train = {}};
  assign("train", config.train, train_options);
  check_sources(entry, config.data_b);
  entry.complete(model_options);
  std::optional<Source> second;
  if (set.b) second = source_of(set.b, nullptr, set.augmentation);
  auto data = split_for_training(source_of(set.items, set.valid, set.augmentation),
                                 std::move(second), config);
  if (set.encoder) add_codes(data, *set.encoder);
  return prepare_training(std::move(config), std::move(data), model_options, train_options);
}

}  // namespace

TrainedModel train(const std::string& model, const TrainingSet& set, const OptionMap& options,
                   const TrainingCallback& on_step, torch::Device device) {
  auto ready = prepare(model, set, options);
  ready.model->to(device);
  TrainingFeed feed(ready.data, *ready.model, ready.config.train);
  Trainer trainer(*ready.model, feed.feed(), ready.config.train, device);
  const auto metric = validation_metric(*ready.model);
  std::optional<SafetensorsFile> best;
  bool goes_on = true;
  TrainHooks hooks;
  hooks.selects = tells_the_best(metric, *ready.model);
  if (hooks.selects)
    hooks.validate = [&] {
      return validation_figure(*ready.model, metric, ready.data, ready.config.train, device, {});
    };
  hooks.validated = [&](std::int64_t step, double, bool improved) {
    if (improved) best = for_use(trainer.snapshot(), step);
  };
  hooks.progress = [&](std::int64_t step, double loss) {
    if (on_step)
      goes_on = on_step({.step = step, .steps = ready.config.train.steps, .loss = loss}) && goes_on;
  };
  hooks.interrupted = [&] { return !goes_on; };
  trainer.run(hooks);
  const auto file = best ? std::move(*best) : for_use(trainer.snapshot(), trainer.step());
  load_weights(kMemory, file, *ready.model);
  ready.model->eval();
  return {.model = std::move(ready.model),
          .config = std::move(ready.config),
          .step = best ? trainer.best_step() : trainer.step(),
          .warnings = {},
          .encoder = set.encoder};
}

void save_model(const std::filesystem::path& path, const TrainedModel& trained) {
  SafetensorsFile file;
  append_model(file, *trained.model);
  file = for_use(std::move(file), trained.step);
  file.metadata[kConfig] = to_toml(trained.config, find_model(trained.config.model).fields);
  write_safetensors(path, std::move(file));
}

TrainedModel load_model(const std::filesystem::path& path, torch::Device device) {
  const auto file = read_safetensors(path);
  const auto config = file.metadata.find(kConfig);
  if (config == file.metadata.end())
    throw IoError(path.string(),
                  "holds no model that save_model() wrote; a run is read by "
                  "load_run() from its folder");
  TrainedModel trained;
  trained.config = parse_run_config(path.string(), config->second);
  trained.model = model_of(trained.config);
  load_weights(path.string(), file, *trained.model);
  if (const auto step = file.metadata.find("kiln.step"); step != file.metadata.end())
    trained.step = parse_integer(step->second).value_or(0);
  trained.model->to(device);
  trained.model->eval();
  return trained;
}

}  // namespace kiln
