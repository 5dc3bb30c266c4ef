#include "kiln/data/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "kiln/core/error.h"
#include "kiln/core/options.h"
#include "kiln/core/text.h"
#include "kiln/data/file_sources.h"
#include "kiln/data/quantized.h"
#include "kiln/data/stacked.h"
#include "kiln/data/synthetic/synthetic.h"

namespace kiln {
namespace {

const FileSource* find_file_source(const std::string& name) {
  for (const auto& source : file_sources())
    if (source.kind.name == name) return &source;
  return nullptr;
}

bool is_stacked(const std::string& name) { return name == stacked_kind().name; }

// A kind whose SPEC begins with a path or, of stacked, with another source.
const SourceKind* kind_with_path(const std::string& name) {
  if (is_stacked(name)) return &stacked_kind();
  const auto* source = find_file_source(name);
  return source ? &source->kind : nullptr;
}

std::vector<std::string> source_names() {
  std::vector<std::string> names;
  for (const auto& kind : source_kinds()) names.push_back(kind.name);
  return names;
}

[[noreturn]] void refuse(const std::string& text, const std::string& reason) {
  throw ConfigError("data", fmt::format("cannot read '{}': {}", text, reason));
}

void check_name(const std::string& text, const std::string& name) {
  const auto names = source_names();
  if (std::find(names.begin(), names.end(), name) != names.end()) return;
  if (name.empty())
    refuse(text,
           fmt::format("write a source's name, or name:PATH. Sources: {}", join(names, ", ")));
  if (name.find('/') != std::string::npos)
    refuse(text, fmt::format("a path needs its kind before it, as in images:{}. Sources: {}", name,
                             join(names, ", ")));
  if (const auto comma = name.find(','); comma != std::string::npos && comma > 0)
    refuse(text, fmt::format("keys follow a colon, as in {}:{}", name.substr(0, comma),
                             name.substr(comma + 1)));
  std::error_code none;
  if (!name.empty() && std::filesystem::is_directory(name, none))
    refuse(text,
           fmt::format("a folder of pictures is images:{}, of MNIST's files mnist:{}", name, name));
  const auto hint = did_you_mean(name, names);
  throw ConfigError("data", fmt::format("no source '{}'{} Sources: {}", name,
                                        hint.empty() ? "." : hint, join(names, ", ")));
}

// How many of the parts are the path.  A name may hold commas: where the first part alone is no
// file, the longest text that is one is meant.
std::ptrdiff_t parts_of_path(const std::vector<std::string>& parts) {
  constexpr std::size_t kLongestPath = 4096;
  std::error_code error;
  auto path = parts.front();
  std::ptrdiff_t found = 1;
  if (std::filesystem::exists(path, error)) return found;
  for (std::size_t count = 1; count < parts.size() && path.size() < kLongestPath; ++count) {
    path += "," + parts[count];
    if (std::filesystem::exists(path, error)) found = static_cast<std::ptrdiff_t>(count) + 1;
  }
  return found;
}

// Takes `path` off the front of the parts, or explains what is missing.
std::string take_path(const std::string& text, const SourceKind& kind,
                      std::vector<std::string>& parts) {
  const auto path = parts.empty() ? std::string() : parts.front();
  const auto names_key = std::any_of(kind.keys.begin(), kind.keys.end(), [&](const auto& key) {
    return path.starts_with(key.first + "=");
  });
  if (path.empty() || names_key)
    refuse(text, fmt::format("{} needs a {}, as in {}", kind.name,
                             is_stacked(kind.name) ? "source" : "path", kind.example));
  const auto taken = parts_of_path(parts);
  const auto whole = join({parts.begin(), parts.begin() + taken}, ",");
  parts.erase(parts.begin(), parts.begin() + taken);
  return whole;
}

void add_key(const std::string& text, const std::string& part, SourceSpec& spec) {
  const auto equals = part.find('=');
  if (equals == std::string::npos || equals == 0)
    refuse(text, fmt::format("'{}' is not key=value", part));
  const auto key = part.substr(0, equals);
  if (!spec.keys.emplace(key, part.substr(equals + 1)).second)
    refuse(text, fmt::format("{}= is given twice", key));
}

std::vector<SourceKind> all_kinds() {
  auto kinds = synthetic_kinds();
  for (auto& kind : kinds)
    for (auto& key : describe_keys(describe<CommonKeys>())) kind.keys.push_back(std::move(key));
  kinds.push_back(stacked_kind());
  for (const auto& source : file_sources()) kinds.push_back(source.kind);
  return kinds;
}

// Generators know their own keys only.
Source open_generator(const SourceSpec& spec, const OpenOptions& options) {
  CommonKeys common;
  OptionMap given;
  for (const auto& [key, help] : describe_keys(describe<CommonKeys>()))
    if (const auto found = spec.keys.find(key); found != spec.keys.end()) given.insert(*found);
  assign("data." + spec.name, common, given);
  return {.spec = spec,
          .splits = is_stacked(spec.name) ? open_stacked(spec, options)
                                          : open_synthetic(spec, options).value(),
          .binarize = common.binarize,
          .dequantize = common.dequantize,
          .levels = common.levels,
          .noise = common.noise,
          .augmentation = common.augmentation};
}

}  // namespace

std::string SourceSpec::text() const {
  std::vector<std::string> parts;
  if (!path.empty()) parts.push_back(path);
  for (const auto& [key, value] : keys) parts.push_back(key + "=" + value);
  return parts.empty() ? name : name + ":" + join(parts, ",");
}

SourceSpec without_augmentation(SourceSpec spec) {
  for (const auto& field : describe<DataAugmentation>()) spec.keys.erase(field.name);
  return spec;
}

SourceSpec parse_source(const std::string& text) {
  const auto colon = text.find(':');
  SourceSpec spec{.name = text.substr(0, colon), .path = {}, .keys = {}};
  check_name(text, spec.name);
  auto parts = split(colon == std::string::npos ? "" : text.substr(colon + 1), ',');
  const auto* kind = kind_with_path(spec.name);
  if (colon != std::string::npos && parts.empty() && !kind)
    refuse(text, "nothing follows the colon; leave it out or write key=value");
  if (kind) spec.path = take_path(text, *kind, parts);
  for (const auto& part : parts) add_key(text, part, spec);
  return spec;
}

Source open_source(const SourceSpec& spec, const OpenOptions& options) {
  check_name(spec.text(), spec.name);
  const auto* file_source = find_file_source(spec.name);
  auto source = file_source ? file_source->open(spec, options) : open_generator(spec, options);
  if (!source.levels) return source;
  if (source.binarize || source.dequantize)
    refuse(spec.text(), "levels= goes with neither binarize= nor dequantize=; choose one");
  source.splits = quantized(std::move(source.splits), *source.levels);
  return source;
}

const std::vector<SourceKind>& source_kinds() {
  static const std::vector<SourceKind> kinds = all_kinds();
  return kinds;
}

}  // namespace kiln
