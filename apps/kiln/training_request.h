#pragma once

#include <string>

#include "apps/kiln/arguments.h"
#include "kiln/core/options.h"
#include "kiln/registry/model_info.h"

namespace kiln::program {

// What `kiln train` is asked: the file of --config beside the flags, and what is refused before
// the data are opened.

/// What the command line leaves open, the file of --config decides; nothing where there is none.
/// Throws IoError for a file that cannot be read and for what it says wrongly, ConfigError where it
/// is for another model.
void merge_config_file(TrainArguments& arguments);

/// Throws ConfigError for options among the training's flags that would do nothing beside the
/// others, beside the SPEC of --valid, or beside all recipes of the model.  A file may hold them: a
/// run's own holds them all.
void refuse_idle(const OptionMap& given, const std::string& valid, const ModelInfo& model);

/// Throws ConfigError for a source, a device or an option that cannot be, and for a folder that is
/// taken.
void check_training(const TrainArguments& arguments);

}  // namespace kiln::program
