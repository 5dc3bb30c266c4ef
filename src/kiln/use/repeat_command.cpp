#include "kiln/use/repeat_command.h"

#include <fmt/format.h>

#include <algorithm>

#include "kiln/core/text.h"
#include "kiln/registry/models.h"
#include "kiln/use/judged_data.h"

namespace kiln {
namespace {

struct Setting {
  FieldInfo field;
  std::string value;
};

// The settings that differ from the fields' defaults, or from others, in the order of the fields.
std::vector<Setting> changes(const std::vector<FieldInfo>& fields, const OptionMap& values,
                             const OptionMap& others) {
  std::vector<Setting> list;
  for (const auto& field : fields) {
    const auto found = values.find(field.name);
    if (field.from_data || found == values.end()) continue;
    const auto own = others.find(field.name);
    if (found->second != (own == others.end() ? field.default_value : own->second))
      list.push_back({field, found->second});
  }
  return list;
}

std::vector<Setting> all_changes(const RunConfig& config, const OptionMap& others) {
  auto list = changes(find_model(config.model).fields, config.model_options, others);
  for (const auto& setting : changes(describe<TrainOptions>(), to_map(config.train), others))
    list.push_back(setting);
  return list;
}

// What has to be typed so that a training ends at the same options, whatever recipe it follows, in
// this version or a later one.  A run knows its steps, so how many epochs they were need not be
// said.
std::vector<Setting> typed_settings(const RunConfig& config) {
  OptionMap other;  // no option has this value, so every one that some recipe sets is typed
  for (const auto& recipe : find_model(config.model).recipes)
    for (const auto& [name, value] : recipe.settings) other.emplace(name, "\n");
  auto list = all_changes(config, other);
  std::erase_if(list, [](const Setting& setting) {
    return setting.field.name == "epochs" || setting.field.name == "least_steps";
  });
  return list;
}

}  // namespace

std::string changed_options(const RunConfig& config) {
  std::vector<std::string> parts;
  for (const auto& [field, value] : all_changes(config, {}))
    if (field.name != "epochs" && field.name != "least_steps")
      parts.push_back(field.name + " " + value);
  return parts.empty() ? "the defaults" : join(parts, ", ");
}

std::string repeat_command(const RunConfig& config, const std::string& name) {
  auto command = fmt::format("kiln train {} --data {}", config.model, shell_word(config.data));
  if (!config.data_b.empty()) command += " --data-b " + shell_word(config.data_b);
  if (!config.encoder.empty()) command += " --encoder " + shell_word(config.encoder);
  if (!config.valid.empty()) command += " --valid " + shell_word(config.valid);
  if (config.skip_bad) command += " --skip-bad";
  for (const auto& [field, value] : typed_settings(config)) {
    command += " " + flag_of(field.name);
    if (field.type != "switch")
      command += " " + shell_word(value);
    else if (value != "true")
      command += "=" + value;
  }
  return command + " --out " + shell_word("runs/" + name);
}

}  // namespace kiln
