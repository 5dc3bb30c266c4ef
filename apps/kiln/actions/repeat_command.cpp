#include "apps/kiln/actions/repeat_command.h"

#include <fmt/format.h>

#include "apps/kiln/actions/run_access.h"
#include "kiln/core/text.h"

namespace kiln::program {
namespace {

std::string quoted(const std::string& text) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%";
  if (!text.empty() && text.find_first_not_of(plain) == std::string::npos) return text;
  std::string inside;
  for (const char c : text) inside += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return "'" + inside + "'";
}

struct Setting {
  FieldInfo field;
  std::string value;
};

// What the user, or the data's size, made different from the defaults, in the order of the fields.
std::vector<Setting> changes(const std::vector<FieldInfo>& fields, const OptionMap& values) {
  std::vector<Setting> list;
  for (const auto& field : fields) {
    const auto found = values.find(field.name);
    if (!field.from_data && found != values.end() && found->second != field.default_value)
      list.push_back({field, found->second});
  }
  return list;
}

std::vector<Setting> all_changes(const RunConfig& config) {
  auto list = changes(find_model(config.model).fields, config.model_options);
  for (const auto& setting : changes(describe<TrainOptions>(), to_map(config.train)))
    list.push_back(setting);
  return list;
}

}  // namespace

std::string changed_options(const RunConfig& config) {
  std::vector<std::string> parts;
  for (const auto& [field, value] : all_changes(config)) parts.push_back(field.name + " " + value);
  return parts.empty() ? "the defaults" : join(parts, ", ");
}

std::string repeat_command(const RunConfig& config, const std::string& name) {
  auto command = fmt::format("kiln train {} --data {}", config.model, quoted(config.data));
  if (!config.valid.empty()) command += " --valid " + quoted(config.valid);
  if (config.skip_bad) command += " --skip-bad";
  for (const auto& [field, value] : all_changes(config)) {
    command += " " + flag_of(field.name);
    if (field.type != "switch") command += " " + quoted(value);
  }
  return command + " --out " + quoted("runs/" + name);
}

}  // namespace kiln::program
