#include "kiln/runs/training_data.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "kiln/core/text.h"
#include "kiln/feed/batches.h"
#include "kiln/models/seen_as.h"
#include "kiln/runs/coded_data.h"
#include "kiln/train/learning.h"

namespace kiln {
namespace {

// What items look like to a model that has a second source.
DataInfo with_part_b(DataInfo info, const DataInfo& second) {
  info.more.push_back({"b", second.shape});
  return info;
}

void check_second(const DataInfo& first, const DataInfo& second) {
  check_part_is_free(first, "b");
  for (const auto* info : {&first, &second})
    if (!info->is_image())
      throw ConfigError("data",
                        fmt::format("{} holds no pictures, which two sources need", info->name));
  const auto &a = first.shape, &b = second.shape;
  if (a[1] == b[1] && a[2] == b[2]) return;
  throw ConfigError("data",
                    fmt::format("items of {} are [{}], those of {} [{}]; two sources need "
                                "pictures of one height and width",
                                first.name, fmt::join(a, ", "), second.name, fmt::join(b, ", ")));
}

// The validation items need the parts that training needs.
void check_fields(const Model& model, const DataInfo& train, const DataInfo& valid) {
  for (const auto& name : model.needed_fields()) {
    const auto *of_train = train.field(name), *of_valid = valid.field(name);
    if (!of_train || !of_valid || of_train->shape != of_valid->shape)
      throw ConfigError("data", fmt::format("the items of {} have no part {} of the shape that {} "
                                            "has",
                                            valid.name, name, train.name));
  }
}

// What tells items apart: of generators the seed, of files the place; not how many there are, nor
// what becomes of their values.
SourceSpec origin_of(const std::string& text, std::int64_t seed) {
  auto spec = parse_source(text);
  for (const auto* key :
       {"n", "valid", "test", "binarize", "dequantize", "levels", "noise", "memory"})
    spec.keys.erase(key);
  spec = without_augmentation(std::move(spec));
  std::error_code none;
  if (spec.path.empty()) {
    const auto own = spec.keys.find("seed");
    const auto said = own == spec.keys.end() ? std::nullopt : parse_integer(own->second);
    spec.keys["seed"] = std::to_string(said.value_or(seed));
  } else if (const auto place = std::filesystem::canonical(spec.path, none); !none) {
    spec.path = place.string();
  }
  return spec;
}

// A model that is fitted in passes would see other items in each of them.
void check_augmented(const DataAugmentation& augmentation, const Dataset& train,
                     const Model& model) {
  check_augmentation(augmentation, train.info());
  if (augmentation.any() && !seen_as<Game>(model))
    throw ConfigError("data", fmt::format("{} changes its pictures every epoch, and the model is "
                                          "fitted in passes over the same ones; leave flip=, "
                                          "shift= and jitter= out",
                                          train.info().name));
}

}  // namespace

void check_validates_elsewhere(const RunConfig& config) {
  if (config.valid.empty()) return;
  const auto train = origin_of(config.data, config.train.seed),
             valid = origin_of(config.valid, config.train.seed);
  if (train.text() != valid.text()) return;
  auto other = parse_source(config.valid);
  if (train.path.empty())
    other.keys["seed"] = std::to_string(parse_integer(valid.keys.at("seed")).value_or(0) + 1);
  throw ConfigError(
      "train.valid",
      fmt::format("{} is where the training items come from; {}", config.valid,
                  train.path.empty() ? "give it another seed, as in " + other.text()
                                     : "leave --valid out: a part is held out by itself"));
}

// Generators of the same name make other scenes than those of the first source: nothing is paired.
TrainingData open_training_data(const RunConfig& config) {
  const auto open = [&](const std::string& spec, std::uint64_t seed) {
    return open_source(parse_source(spec), {.seed = seed, .skip_bad = config.skip_bad});
  };
  auto first = open(config.data, config.seed());
  std::optional<Source> second, elsewhere;
  if (!config.valid.empty()) {
    elsewhere = open(config.valid, config.seed());
    first.splits.valid = elsewhere->splits.train;
  }
  if (!config.data_b.empty()) second = open(config.data_b, config.seed_b());
  auto data = split_for_training(std::move(first), std::move(second), config);
  if (elsewhere) data.valid_source = std::move(*elsewhere);
  return data;
}

TrainingData split_for_training(Source first, std::optional<Source> second,
                                const RunConfig& config) {
  const auto with_valid = [&](const Splits& splits) {
    return with_validation(splits, config.train.validation_fraction, config.seed());
  };
  const auto splits = with_valid(first.splits);
  TrainingData data{
      .source = first, .valid_source = first, .train = splits.train, .valid = splits.valid};
  if (data.valid->info().shape != data.train->info().shape)
    throw ConfigError("data",
                      fmt::format("items of --valid {} have another shape than those of --data {}",
                                  config.valid, config.data));
  if (!second) return data;
  check_second(data.train->info(), second->splits.train->info());
  check_part_is_free(data.valid->info(), "b");
  const auto parts = with_valid(second->splits);
  data.b = {.source = std::move(*second), .train = parts.train, .valid = parts.valid};
  return data;
}

Transform transform_for(const Source& source, const DataInfo& info, const Model& model) {
  const auto transform =
      make_transform(info, model.value_set(), source.binarize, source.dequantize);
  return with_noise(transform, info, source.noise);
}

void fit_to(TrainingData& data, const Model& model) {
  check_augmented(data.source.augmentation, *data.train, model);
  if (data.b) check_augmented(data.b->source.augmentation, *data.b->train, model);
  if (data.b)
    data.b->transform = transform_for(data.b->source, data.b->train->info(), model);
  else
    check_fields(model, data.train->info(), data.valid->info());
  data.transform = transform_for(data.source, data.train->info(), model);
  data.valid_transform = transform_for(data.valid_source, data.valid->info(), model);
}

// A state that only the validation data show is a state all the same.
OptionMap facts_of(const ModelEntry& entry, const TrainingData& data) {
  const auto& first = data.train->info();
  auto facts = data_facts(entry, data.b ? with_part_b(first, data.b->train->info()) : first,
                          data.source.binarize);
  if (const auto found = facts.find("states"); found != facts.end())
    found->second = std::to_string(std::max(
        std::stoll(found->second),
        std::stoll(
            data_facts(entry, data.valid->info(), data.valid_source.binarize).at("states"))));
  return facts;
}

std::vector<DataPart> parts_of(const RunConfig& config, const TrainingData& data) {
  std::vector<DataPart> parts{
      {"train", config.data, data.train},
      {"validation", config.valid.empty() ? config.data : config.valid, data.valid}};
  if (data.b) {
    parts.push_back({"train_b", config.data_b, data.b->train});
    parts.push_back({"validation_b", config.data_b, data.b->valid});
  }
  return parts;
}

std::vector<std::string> remarks_on(const RunConfig& config, const TrainingData& data) {
  std::vector<std::string> lines;
  const auto remark = [&](const char* what, const std::string& spec, const Dataset& train,
                          const Dataset& valid, const Transform& transform,
                          const DataAugmentation& augmentation) {
    const auto& info = train.info();
    if (info.skipped > 0)
      lines.push_back(fmt::format("left out {} broken items of {}", info.skipped, spec));
    lines.insert(lines.end(), info.notes.begin(), info.notes.end());
    lines.push_back(fmt::format("{}: {} for training, {} for validation; {}{}", what, train.size(),
                                valid.size(), transform.describe(), augmentation.describe()));
  };
  remark("data", config.data, *data.train, *data.valid, data.transform, data.source.augmentation);
  if (data.b)
    remark("data b", config.data_b, *data.b->train, *data.b->valid, data.b->transform,
           data.b->source.augmentation);
  return lines;
}

void begin_with(Model& model, const TrainingData& data, std::uint64_t seed) {
  model.start_from_data(data_moments(data.train, data.transform, 50000, seed));
  show_codes(model, data);
  if (const auto count = model.labelled_items(); count > 0)
    model.start_from_labelled(labelled_batch(data.train, data.transform, count, seed));
}

Batch shown_items(const TrainingData& data, std::int64_t count, std::uint64_t seed,
                  torch::Device device) {
  count = std::min({count, data.valid->size(), data.b ? data.b->valid->size() : count});
  const auto options = LoaderOptions::one_pass(count, seed, 0);
  Loader first(data.valid, data.valid_transform, options);
  Feed feed(first);
  if (!data.b) return feed.next(device);
  Loader second(data.b->valid, data.b->transform, options);
  feed.add("b", second);
  return feed.next(device);
}

TrainingFeed::TrainingFeed(const TrainingData& data, const Model& model,
                           const TrainOptions& options) {
  auto how = loader_options(model, options);
  how.augmentation = data.source.augmentation;
  first_ = std::make_unique<Loader>(data.train, data.transform, how);
  if (!data.b) return;
  how.seed = derive_key(how.seed, "b");
  how.augmentation = data.b->source.augmentation;
  second_ = std::make_unique<Loader>(data.b->train, data.b->transform, how);
}

Feed TrainingFeed::feed() {
  Feed feed(*first_);
  if (second_) feed.add("b", *second_);
  return feed;
}

}  // namespace kiln
