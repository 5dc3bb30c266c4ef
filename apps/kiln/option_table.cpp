#include "apps/kiln/option_table.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "kiln/core/text.h"

namespace kiln::program {

namespace {

std::string default_of(const FieldInfo& field) {
  return field.from_data ? "from the data" : field.default_value;
}

std::string label_of(const FieldInfo& field) {
  return field.from_data ? field.name : flag_of(field.name);
}

// A bar inside a cell would end it.
std::string cell(const std::string& text) {
  std::string escaped;
  for (const char c : text) escaped += c == '|' ? std::string("\\|") : std::string(1, c);
  return escaped;
}

}  // namespace

std::string legal_values(const FieldInfo& field) {
  if (!field.choices.empty()) return join(field.choices, ", ");
  const bool low = std::isfinite(field.low), high = std::isfinite(field.high);
  if (low && high) return fmt::format("{} to {}", field.low, field.high);
  if (low) return fmt::format("at least {}", field.low);
  return high ? fmt::format("at most {}", field.high) : "";
}

std::string option_lines(const std::vector<FieldInfo>& fields) {
  std::string text;
  for (const auto& field : fields) {
    const auto legal = legal_values(field);
    text += fmt::format("  {:22} {}{} [{}]\n  {:22} {}\n", label_of(field), field.type,
                        legal.empty() ? "" : ", " + legal, default_of(field), "", field.help);
  }
  return text;
}

std::string option_markdown(const std::vector<FieldInfo>& fields) {
  std::string text = "| option | type | default | values | meaning |\n|---|---|---|---|---|\n";
  for (const auto& field : fields)
    text += fmt::format("| `{}` | {} | {} | {} | {} |\n", label_of(field), field.type,
                        default_of(field), legal_values(field), cell(field.help));
  return text;
}

nlohmann::json option_json(const std::vector<FieldInfo>& fields) {
  auto list = nlohmann::json::array();
  for (const auto& field : fields)
    list.push_back({{"name", field.name},
                    {"flag", field.from_data ? "" : flag_of(field.name)},
                    {"type", field.type},
                    {"default", field.from_data ? "" : field.default_value},
                    {"low", field.low},
                    {"high", field.high},
                    {"choices", field.choices},
                    {"help", field.help},
                    {"from_data", field.from_data}});
  return list;
}

std::string recipe_lines(const std::vector<Recipe>& recipes) {
  if (recipes.empty()) return "";
  std::string text = "recipe: the first that fits, where no flag says otherwise\n";
  for (const auto& recipe : recipes)
    text += fmt::format("  {}: {}\n", recipe.when, as_flags(recipe.settings));
  return text;
}

std::string recipe_markdown(const std::vector<Recipe>& recipes) {
  if (recipes.empty()) return "";
  std::string text =
      "\n| for | the recipe, where no flag says otherwise; the first that fits |\n|---|---|\n";
  for (const auto& recipe : recipes)
    text += fmt::format("| {} | `{}` |\n", cell(recipe.when), as_flags(recipe.settings));
  return text;
}

}  // namespace kiln::program
