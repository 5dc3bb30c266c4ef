#include "kiln/train/run_config.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

#include "kiln/core/philox.h"
#include "kiln/core/text.h"
#include "kiln/io/atomic_file.h"
#include "kiln/io/toml_text.h"

namespace kiln {
namespace {

constexpr std::uint64_t kMostBytes = 1 << 20;

void put(toml::table& section, const std::string& name, const std::string& text,
         const std::string& type) {
  std::int64_t integer = 0;
  double real = 0;
  bool flag = false;
  if (text == "auto") return void(section.insert(name, text));
  if (type == "integer") {
    option_detail::read(name, text, integer);
    section.insert(name, integer);
  } else if (type == "real") {
    option_detail::read(name, text, real);
    section.insert(name, real);
  } else if (type == "switch") {
    option_detail::read(name, text, flag);
    section.insert(name, flag);
  } else {
    section.insert(name, text);
  }
}

toml::table section_of(const OptionMap& values, const std::vector<FieldInfo>& fields) {
  toml::table section;
  for (const auto& field : fields)
    if (const auto found = values.find(field.name); found != values.end())
      put(section, field.name, found->second, field.type);
  return section;
}

std::string text_of(const std::string& where, const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto integer = node.value_exact<std::int64_t>())
    return option_detail::to_text(*integer);
  if (const auto real = node.value_exact<double>()) return option_detail::to_text(*real);
  if (const auto flag = node.value_exact<bool>()) return option_detail::to_text(*flag);
  throw IoError(where, fmt::format("line {}: needs a text, a number, or true or false",
                                   node.source().begin.line));
}

OptionMap read_section(const std::string& where, const toml::table& root, std::string_view name) {
  OptionMap values;
  const auto* node = root.get(name);
  if (!node) return values;
  const auto* section = node->as_table();
  if (!section)
    throw IoError(where,
                  fmt::format("line {}: '{}' must be a section", node->source().begin.line, name));
  for (const auto& [key, value] : *section)
    values.emplace(std::string(key.str()), text_of(where, value));
  return values;
}

void refuse_unknown_keys(const std::string& where, const char* section, const OptionMap& values,
                         const std::vector<std::string>& known) {
  for (const auto& [key, value] : values)
    if (std::find(known.begin(), known.end(), key) == known.end())
      throw IoError(where,
                    fmt::format("[{}] has no key '{}'; keys: {}", section, key, join(known, ", ")));
}

std::string take(const std::string& where, OptionMap& values, const std::string& key) {
  const auto found = values.find(key);
  if (found == values.end()) throw IoError(where, fmt::format("has no key '{}'", key));
  auto text = found->second;
  values.erase(found);
  return text;
}

}  // namespace

// A SPEC's seed is below 2^63.
std::uint64_t RunConfig::seed_b() const {
  return derive_key(seed(), "b") & (~std::uint64_t{0} >> 1);
}

std::string to_toml(const RunConfig& config, const std::vector<FieldInfo>& model_fields) {
  toml::table root;
  root.insert("run", toml::table{{"model", config.model}});
  root.insert(
      "data",
      toml::table{{"train", config.data}, {"valid", config.valid}, {"skip_bad", config.skip_bad}});
  if (!config.data_b.empty()) root["data"].as_table()->insert("b", config.data_b);
  if (!config.encoder.empty()) root["data"].as_table()->insert("encoder", config.encoder);
  root.insert("model", section_of(config.model_options, model_fields));
  root.insert("train", section_of(to_map(config.train), describe<TrainOptions>()));
  std::ostringstream text;
  text << root << "\n";
  return text.str();
}

namespace {

ConfigFile parse_config(const std::string& where, const std::string& text) {
  try {
    refuse_deep_keys(where, text);
    const auto root = toml::parse(text, where);
    for (const auto& [key, value] : root)
      if (key.str() != "run" && key.str() != "data" && key.str() != "model" && key.str() != "train")
        throw IoError(
            where, fmt::format("line {}: unknown section '{}'; sections: run, data, model, train",
                               value.source().begin.line, key.str()));
    ConfigFile file{read_section(where, root, "run"), read_section(where, root, "data"),
                    read_section(where, root, "model"), read_section(where, root, "train")};
    refuse_unknown_keys(where, "run", file.run, {"model"});
    refuse_unknown_keys(where, "data", file.data, {"train", "b", "encoder", "valid", "skip_bad"});
    return file;
  } catch (const toml::parse_error& error) {
    throw IoError(where, fmt::format("line {}, column {}: {}", error.source().begin.line,
                                     error.source().begin.column, error.description()));
  }
}

}  // namespace

ConfigFile read_config_file(const std::filesystem::path& path) {
  return parse_config(path.string(), read_text_file(path, kMostBytes));
}

RunConfig parse_run_config(const std::string& where, const std::string& text) {
  auto file = parse_config(where, text);
  RunConfig config;
  config.model = take(where, file.run, "model");
  config.data = take(where, file.data, "train");
  if (file.data.contains("b")) config.data_b = take(where, file.data, "b");
  if (file.data.contains("encoder")) config.encoder = take(where, file.data, "encoder");
  config.valid = take(where, file.data, "valid");
  option_detail::read(where, take(where, file.data, "skip_bad"), config.skip_bad);
  config.model_options = std::move(file.model);
  try {
    assign("train", config.train, file.train);
  } catch (const ConfigError& error) {
    throw IoError(where, error.what());
  }
  return config;
}

RunConfig read_run_config(const std::filesystem::path& path) {
  return parse_run_config(path.string(), read_text_file(path, kMostBytes));
}

}  // namespace kiln
