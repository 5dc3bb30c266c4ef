#include "apps/kiln/requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "apps/kiln/device_name.h"
#include "apps/kiln/model_table.h"
#include "kiln/data/source.h"
#include "kiln/train/run_folder.h"

namespace kiln::program {

// What needs no file is opened at once: it costs nothing and says what is wrong with its values.
void check_data(const std::string& spec) {
  if (spec.empty()) return;
  const auto parsed = parse_source(spec);
  if (parsed.path.empty()) open_source(parsed, {});
}

namespace {

// Whether a run's config.toml asks for a model and options that exist.
void check_config(const std::string& run, const RunConfig& config) {
  const auto& model = find_model_info(config.model);
  for (const auto& [name, text] : config.model_options) {
    const auto field = std::find_if(model.fields.begin(), model.fields.end(),
                                    [&](const FieldInfo& known) { return known.name == name; });
    if (field != model.fields.end()) {
      check_option_text(model.name, *field, text);
      continue;
    }
    std::vector<std::string> known;
    for (const auto& entry : model.fields) known.push_back(entry.name);
    option_detail::unknown_option(model.name, name, known);
  }
  try {
    parse_source(config.data);
    if (!config.valid.empty()) parse_source(config.valid);
  } catch (const ConfigError& error) {
    throw ConfigError(run + "/config.toml", error.what());
  }
}

}  // namespace

void check_split(const std::string& split) {
  if (!split.empty() && split != "train" && split != "valid" && split != "test")
    throw ConfigError("split", fmt::format("needs train, valid or test, got '{}'", split));
}

void check_ending(const std::string& where, const std::string& name, const char* ending) {
  if (!name.empty() && std::filesystem::path(name).extension() != ending)
    throw ConfigError(where, fmt::format("needs a name that ends in {}, got '{}'", ending, name));
}

void check_runs(const std::vector<std::string>& runs) {
  for (const auto& run : runs) check_config(run, RunFolder::open(run).config());
}

void check_run(const RunArguments& arguments, const std::vector<std::string>& needed) {
  const auto run = RunFolder::open(arguments.run);
  cuda_index(arguments.device);
  check_config(arguments.run, run.config());
  const auto& has = find_model_info(run.config().model).capabilities;
  for (const auto& words : needed)
    if (std::find(has.begin(), has.end(), words.substr(0, words.find(','))) == has.end())
      refuse_capability(run.config().model, words, has);
}

}  // namespace kiln::program
