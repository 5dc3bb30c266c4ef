#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "kiln/data/dataset.h"
#include "kiln/runs/load_run.h"

namespace kiln {

/// How far a training in memory is.
struct TrainingProgress {
  std::int64_t step = 0;   ///< Rounds done.
  std::int64_t steps = 0;  ///< Rounds that it will have at most.
  double loss = 0;         ///< Mean since the last record; of a game that of its first player.
};

/// Called after every round; false ends the training, and the model is returned as it stands.
using TrainingCallback = std::function<bool(const TrainingProgress&)>;

/// What a model learns from in memory.
struct TrainingSet {
  /// Items alone are a set.
  TrainingSet(DatasetPtr all) : items(std::move(all)) {}  // NOLINT: converts on purpose
  DatasetPtr items;                    ///< A validation part is held out of them.
  DatasetPtr valid = nullptr;          ///< Validated on instead.
  DatasetPtr b = nullptr;              ///< The second source of a model that takes one.
  DataAugmentation augmentation = {};  ///< How training pictures are moved, of both sources.
  /// Gives items the codes of a model with condition code.
  std::shared_ptr<const TrainedModel> encoder = nullptr;
};

/// Trains a model without files: the same bits as `kiln train MODEL` on the same items.  Options
/// are the flags of `kiln train`, the model's and the training's: {{"latent", "2"}, {"epochs",
/// "5"}}; what is left open is the model's recipe's.  The state that is best by validation is
/// returned, where a figure tells it, else the last.  Throws ConfigError for an option that does
/// not exist or for data that the model cannot learn, NumericError where the training breaks down.
TrainedModel train(const std::string& model, const TrainingSet& set, const OptionMap& options = {},
                   const TrainingCallback& on_step = {}, torch::Device device = torch::kCPU);

/// One file that load_model() reads: the weights in safetensors, with the options in its metadata.
/// The encoder of a model that is given codes is not among them; it is a file of its own.
void save_model(const std::filesystem::path& path, const TrainedModel& trained);

/// Throws IoError for a file that save_model() did not write, or that is damaged.
TrainedModel load_model(const std::filesystem::path& path, torch::Device device = torch::kCPU);

}  // namespace kiln
