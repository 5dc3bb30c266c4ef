#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "kiln/models/model.h"
#include "kiln/train/run_folder.h"

namespace kiln {

/// A trained model, ready to use.
struct LoadedRun {
  std::shared_ptr<Model>
      model;  ///< In evaluation mode, with averaged weights where the run kept them.
  RunConfig config;
  std::int64_t step = 0;
  std::vector<std::string> warnings;

  /// The model seen through a capability (Sampler, Likelihood ...).  Throws ConfigError naming what
  /// it can do instead.
  template <class Capability>
  Capability& as(std::string_view needed) const {
    auto* seen = dynamic_cast<Capability*>(model.get());
    if (!seen) refuse(needed);
    return *seen;
  }
  [[noreturn]] void refuse(std::string_view needed) const;
};

/// Loads a run folder.  `checkpoint` is "best" (by validation; the newest where there is none),
/// "last", or a step. Throws IoError or ConfigError.
LoadedRun load_run(const std::filesystem::path& path, const std::string& checkpoint = "best",
                   torch::Device device = torch::kCPU);

}  // namespace kiln
