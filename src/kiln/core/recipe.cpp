#include "kiln/core/recipe.h"

#include <fmt/format.h>

#include <algorithm>

namespace kiln {
namespace {

constexpr const char* kLength[] = {"steps", "epochs", "least_steps"};

bool says_how_long(const OptionMap& options) {
  return std::any_of(std::begin(kLength), std::end(kLength),
                     [&](const char* name) { return options.contains(name); });
}

}  // namespace

Followed follow(const Recipe& recipe, const std::vector<FieldInfo>& model_fields,
                const OptionMap& model, const OptionMap& train) {
  auto settings = recipe.settings;
  if (says_how_long(train))
    for (const auto* name : kLength) settings.erase(name);
  Followed followed{.model = model, .train = train, .added = {}};
  for (const auto& [name, value] : settings) {
    const bool of_model =
        std::any_of(model_fields.begin(), model_fields.end(),
                    [&name = name](const FieldInfo& field) { return field.name == name; });
    auto& options = of_model ? followed.model : followed.train;
    if (options.emplace(name, value).second) followed.added.emplace(name, value);
  }
  return followed;
}

std::string as_flags(const OptionMap& settings) {
  std::string text;
  for (const auto& [name, value] : settings) {
    text += (text.empty() ? "" : " ") + flag_of(name);
    if (value == "false")
      text += "=false";
    else if (value != "true")
      text += " " + value;
  }
  return text;
}

}  // namespace kiln
