#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kiln/runs/training_data.h"

namespace kiln {

/// A training before its first step.
struct PreparedTraining {
  RunConfig config;                  ///< Complete and resolved.
  TrainingData data;                 ///< With transforms to the model's values.
  std::shared_ptr<Model> model;      ///< Has seen the moments of its data; on the CPU.
  std::vector<std::string> remarks;  ///< Lines for a person: data, recipe, items left out.
};

/// The options of a model and of its training that were given, the facts of the data, and for what
/// is open the model's recipe, then the options' own defaults; `config` names the model and the
/// data.  Throws ConfigError for what does not fit together.
PreparedTraining prepare_training(RunConfig config, TrainingData data,
                                  const OptionMap& model_options, const OptionMap& train_options);

}  // namespace kiln
