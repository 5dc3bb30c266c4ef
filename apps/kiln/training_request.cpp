#include "apps/kiln/training_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "apps/kiln/device_name.h"
#include "apps/kiln/model_table.h"
#include "apps/kiln/requests.h"
#include "kiln/train/run_folder.h"

namespace kiln::program {
namespace {

// An unknown name or an unreadable value of a file is the file's fault.
void check_section(const std::string& file, const char* section, const OptionMap& values,
                   const std::vector<FieldInfo>& fields) {
  std::vector<std::string> known;
  for (const auto& field : fields) known.push_back(field.name);
  for (const auto& [name, value] : values) {
    const auto field = std::find_if(fields.begin(), fields.end(),
                                    [&name = name](const auto& f) { return f.name == name; });
    try {
      if (field == fields.end()) option_detail::unknown_option(section, name, known);
      check_option_text(section, *field, value);
    } catch (const ConfigError& error) {
      throw IoError(file, error.what());
    }
  }
}

}  // namespace

// Whoever asks for epochs does not want the steps that a run's own file holds.
void merge_config_file(TrainArguments& arguments) {
  if (arguments.config.empty()) return;
  auto file = read_config_file(arguments.config);
  check_section(arguments.config, "train", file.train, describe<TrainOptions>());
  check_section(arguments.config, "model", file.model, find_model_info(arguments.model).fields);
  if (arguments.train_options.contains("epochs")) file.train.erase("steps");
  if (arguments.data.empty()) arguments.data = file.data["train"];
  if (arguments.data_b.empty()) arguments.data_b = file.data["b"];
  if (arguments.encoder.empty()) arguments.encoder = file.data["encoder"];
  if (arguments.valid.empty()) arguments.valid = file.data["valid"];
  if (file.data["skip_bad"] == "true") arguments.skip_bad = true;
  if (const auto named = file.run.find("model");
      named != file.run.end() && named->second != arguments.model)
    throw ConfigError(arguments.config,
                      fmt::format("is for model '{}', not '{}'", named->second, arguments.model));
  for (const auto& field : find_model_info(arguments.model).fields)
    if (field.from_data) file.model.erase(field.name);  // the data says these
  arguments.model_options.merge(file.model);
  arguments.train_options.merge(file.train);
}

namespace {

bool falls_slowly(const OptionMap& options) {
  const auto found = options.find("schedule");
  return found != options.end() && (found->second == "linear" || found->second == "cosine");
}

// What is given, or else what some recipe of the model has.
bool may_fall_slowly(const OptionMap& given, const ModelInfo& model) {
  if (given.contains("schedule")) return falls_slowly(given);
  return std::any_of(model.recipes.begin(), model.recipes.end(),
                     [](const Recipe& recipe) { return falls_slowly(recipe.settings); });
}

}  // namespace

void refuse_idle(const OptionMap& given, const std::string& valid, const ModelInfo& model) {
  const auto value = [&](const char* name) {
    const auto found = given.find(name);
    return found == given.end() ? std::string() : found->second;
  };
  const auto refuse = [](const char* name, const std::string& why) {
    throw ConfigError(std::string("train.") + name, why);
  };
  if (given.contains("epochs") && given.contains("steps") && value("steps") != "0")
    refuse("epochs", "--steps says how long to train; leave one of them out");
  if (given.contains("validation_fraction") && !valid.empty())
    refuse("validation_fraction", "--valid says what to validate on; leave one of them out");
  for (const auto* name : {"step_every", "step_factor"})
    if (given.contains(name) && value("schedule") != "step")
      refuse(name, "belongs to --schedule step");
  if (given.contains("hold") && !may_fall_slowly(given, model))
    refuse("hold", "belongs to --schedule linear or cosine");
  if (given.contains("momentum") && value("optimizer") != "sgd")
    refuse("momentum", "belongs to --optimizer sgd");
  if (given.contains("beta1") && (value("optimizer") == "sgd" || value("optimizer") == "rmsprop"))
    refuse("beta1", "belongs to Adam");
  if (given.contains("beta2") && value("optimizer") == "sgd")
    refuse("beta2", "belongs to Adam and RMSprop");
}

namespace {

// A run that encodes and a model that is given codes need each other.
void check_encoder(const TrainArguments& arguments) {
  const auto condition = arguments.model_options.find("condition");
  const bool coded = condition != arguments.model_options.end() && condition->second == "code";
  if (coded && arguments.encoder.empty())
    throw ConfigError("train.condition", "code needs a run that encodes; name it by --encoder RUN");
  if (!coded && !arguments.encoder.empty())
    throw ConfigError("train.encoder",
                      fmt::format("belongs to --condition code, which {} was not asked for; leave "
                                  "it out",
                                  arguments.model));
  if (coded) check_run({.run = arguments.encoder}, {"encoder"});
}

}  // namespace

void check_training(const TrainArguments& arguments) {
  if (arguments.data.empty())
    throw ConfigError("train", "needs --data SPEC; `kiln data` lists the sources");
  check_data(arguments.data);
  check_data(arguments.data_b);
  check_data(arguments.valid);
  cuda_index(arguments.device);
  const auto& info = find_model_info(arguments.model);
  check_sources(info, arguments.data_b);
  check_encoder(arguments);
  for (const auto& field : info.fields)
    if (const auto given = arguments.model_options.find(field.name);
        given != arguments.model_options.end())
      check_option_text(info.name, field, given->second);
  TrainOptions options;
  assign("train", options, arguments.train_options);
  RunFolder::refuse_taken(arguments.out);
}

}  // namespace kiln::program
