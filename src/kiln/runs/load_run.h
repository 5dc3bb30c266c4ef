#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "kiln/models/model.h"
#include "kiln/models/seen_as.h"
#include "kiln/train/run_folder.h"

namespace kiln {

/// A trained model, ready to use.
struct TrainedModel {
  std::shared_ptr<Model>
      model;              ///< In evaluation mode, with averaged weights where the run kept them.
  RunConfig config;       ///< How it was trained.
  std::int64_t step = 0;  ///< Rounds that it has had.
  std::vector<std::string> warnings;  ///< One line for each damaged checkpoint passed over.
  std::shared_ptr<const TrainedModel> encoder = {};  ///< Makes the codes that the model is given.

  /// Whether it has a capability.
  template <class Capability>
  bool can() const {
    return seen_as<Capability>(*model) != nullptr;
  }
  /// The model seen through a capability (Sampler, Likelihood ...).  Throws ConfigError naming what
  /// it can do instead.
  template <class Capability>
  Capability& as(std::string_view needed) const {
    auto* seen = seen_as<Capability>(*model);
    if (!seen) refuse(needed);
    return *seen;
  }
  /// Throws that ConfigError.
  [[noreturn]] void refuse(std::string_view needed) const;
};

/// The encoder that a run keeps, in evaluation mode; null where the model is given no codes. Throws
/// IoError where it is missing, damaged, or makes codes of another size.
std::shared_ptr<const TrainedModel> kept_encoder(const RunFolder& folder, const Model& model,
                                                 torch::Device device);

/// The model of a stored configuration, weights still to be read.  Options that are newer than it
/// get their defaults.  Throws ConfigError.
std::shared_ptr<Model> model_of(RunConfig& config);

/// Loads a run folder.  `checkpoint` is "best" (by validation; the newest where there is none),
/// "last", or a step. Throws IoError or ConfigError.
TrainedModel load_run(const std::filesystem::path& path, const std::string& checkpoint = "best",
                      torch::Device device = torch::kCPU);

}  // namespace kiln
