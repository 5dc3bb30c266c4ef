#include "kiln/registry/model_info.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "kiln/core/text.h"

namespace kiln {
namespace {

// A bound that is not there is null.
double bound_of(const nlohmann::json& value, double none) {
  return value.is_null() ? none : value.get<double>();
}

nlohmann::json json_of(const FieldInfo& field) {
  return {{"name", field.name},
          {"help", field.help},
          {"type", field.type},
          {"default", field.default_value},
          {"low", field.low},
          {"high", field.high},
          {"from_data", field.from_data},
          {"choices", field.choices}};
}

FieldInfo field_of(const nlohmann::json& json) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return {.name = json.at("name"),
          .help = json.at("help"),
          .type = json.at("type"),
          .default_value = json.at("default"),
          .low = bound_of(json.at("low"), -kInfinity),
          .high = bound_of(json.at("high"), kInfinity),
          .from_data = json.at("from_data"),
          .choices = json.at("choices").get<std::vector<std::string>>()};
}

nlohmann::json json_of(const std::vector<Recipe>& recipes) {
  auto list = nlohmann::json::array();
  for (const auto& recipe : recipes)
    list.push_back({{"when", recipe.when}, {"settings", recipe.settings}});
  return list;
}

}  // namespace

void refuse_model(std::string_view name, const std::vector<std::string>& known) {
  const auto hint = did_you_mean(name, known);
  throw ConfigError("model", fmt::format("no model '{}'{} Models: {}", name,
                                         hint.empty() ? "." : hint, join(known, ", ")));
}

void refuse_capability(std::string_view model, std::string_view needed,
                       const std::vector<std::string>& has) {
  const auto can = join(has, ", ");
  const bool implicit =
      needed == "likelihood" && std::find(has.begin(), has.end(), "bound") == has.end();
  throw ConfigError(
      model, implicit ? fmt::format("is implicit: it has no likelihood; what it has: {}", can)
                      : fmt::format("has no {}; what it has: {}", needed, can));
}

void check_sources(const ModelInfo& model, const std::string& data_b) {
  const bool takes_b = !model.sources.empty();
  if (takes_b && data_b.empty())
    throw ConfigError("train.data_b",
                      fmt::format("{} learns from two kinds of pictures that nobody has paired; "
                                  "give the second kind by --data-b SPEC",
                                  model.name));
  if (!takes_b && !data_b.empty())
    throw ConfigError("train.data_b",
                      fmt::format("{} learns from one source of data; leave it out", model.name));
}

std::string to_json(const std::vector<ModelInfo>& infos) {
  auto list = nlohmann::json::array();
  for (const auto& info : infos) {
    auto fields = nlohmann::json::array();
    for (const auto& field : info.fields) fields.push_back(json_of(field));
    list.push_back({{"name", info.name},
                    {"title", info.title},
                    {"paper", info.paper},
                    {"fields", fields},
                    {"capabilities", info.capabilities},
                    {"recipes", json_of(info.recipes)},
                    {"sources", info.sources}});
  }
  return list.dump();
}

std::vector<ModelInfo> model_infos_from_json(std::string_view json) {
  std::vector<ModelInfo> infos;
  try {
    for (const auto& entry : nlohmann::json::parse(json)) {
      ModelInfo info{.name = entry.at("name"),
                     .title = entry.at("title"),
                     .paper = entry.at("paper"),
                     .fields = {},
                     .capabilities = entry.at("capabilities").get<std::vector<std::string>>(),
                     .recipes = {},
                     .sources = entry.at("sources").get<std::vector<std::string>>()};
      for (const auto& field : entry.at("fields")) info.fields.push_back(field_of(field));
      for (const auto& recipe : entry.at("recipes"))
        info.recipes.push_back({recipe.at("when"), recipe.at("settings").get<OptionMap>()});
      infos.push_back(std::move(info));
    }
  } catch (const nlohmann::json::exception& error) {
    throw IoError("models", error.what());
  }
  return infos;
}

}  // namespace kiln
