#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kiln/data/source.h"
#include "kiln/feed/feed.h"
#include "kiln/registry/models.h"
#include "kiln/runs/provenance.h"
#include "kiln/train/run_config.h"
#include "kiln/train/train_options.h"

namespace kiln {

/// A second source: its x is the part "b" of a batch.
struct SecondSource {
  Source source;                      ///< Opened.
  DatasetPtr train, valid;            ///< Its parts; never null.
  Transform transform = Transform();  ///< To the model's values, once fit_to() has been called.
};

/// What a training learns from, and what it is validated on.
struct TrainingData {
  Source source, valid_source;  ///< The same where nothing else is to validate on.
  DatasetPtr train, valid;      ///< Never null.
  Transform transform = Transform(), valid_transform = Transform();  ///< Once fit_to() was called.
  std::optional<SecondSource> b = std::nullopt;
};

/// Throws ConfigError where --valid names the very items that are learned from: the same file, or a
/// generator with the same seed, which makes the same items whatever their number.
void check_validates_elsewhere(const RunConfig& config);

/// Opens what config.toml names.  Throws ConfigError or IoError.
TrainingData open_training_data(const RunConfig& config);

/// Parts that are there already: a validation part is carved off where there is none.
TrainingData split_for_training(Source first, std::optional<Source> second,
                                const RunConfig& config);

/// The transform from a source to a model's values, as its SPEC and the model ask.
Transform transform_for(const Source& source, const DataInfo& info, const Model& model);

/// Sets the transforms.  Throws ConfigError where the data cannot become the model's, or lack a
/// part that it needs.
void fit_to(TrainingData& data, const Model& model);

/// The facts of the data that a model's options take.
OptionMap facts_of(const ModelEntry& entry, const TrainingData& data);

/// Every part with its name and SPEC.
std::vector<DataPart> parts_of(const RunConfig& config, const TrainingData& data);

/// Lines for a person: broken items left out, what sources remark, how many items there are and
/// what their values become.
std::vector<std::string> remarks_on(const RunConfig& config, const TrainingData& data);

/// Shows a model the moments of its data and the labelled items that it asks for.
void begin_with(Model& model, const TrainingData& data, std::uint64_t seed);

/// At most `count` of the first items of the validation part, with those of the second source.
Batch shown_items(const TrainingData& data, std::int64_t count, std::uint64_t seed,
                  torch::Device device);

/// The loaders of a training.
class TrainingFeed {
 public:
  TrainingFeed(const TrainingData& data, const Model& model, const TrainOptions& options);
  Feed feed();  ///< Refers to this object.

 private:
  std::unique_ptr<Loader> first_, second_;
};

}  // namespace kiln
