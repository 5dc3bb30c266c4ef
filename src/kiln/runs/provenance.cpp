#include "kiln/runs/provenance.h"

#include <fmt/format.h>
#include <torch/version.h>

#include <nlohmann/json.hpp>

#include "kiln/core/error.h"
#include "kiln/core/version.h"
#include "kiln/data/fingerprint.h"
#include "kiln/io/atomic_file.h"

namespace kiln {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFile = "provenance.json";

void check_part(const nlohmann::json& stored, const std::string& name, const Dataset& data) {
  const auto& part = stored.at(name);
  const auto spec = part.at("spec").get<std::string>();
  if (!part.at("items").is_number_unsigned())
    throw IoError(kFile, "is damaged: items is no number of items");
  if (const auto items = part.at("items").get<std::int64_t>(); items != data.size())
    throw ConfigError("data", fmt::format("{} has changed: the run began with {} items for {} and "
                                          "finds {}; bring the old data back, or train a new run",
                                          spec, items, name, data.size()));
  if (part.at("fingerprint").get<std::string>() != fingerprint(data))
    throw ConfigError("data", fmt::format("{} has changed: there are as many items for {} as the "
                                          "run began with, and other numbers in them; bring the "
                                          "old data back, or train a new run",
                                          spec, name));
}

}  // namespace

void write_provenance(const fs::path& run, const std::string& command,
                      const std::vector<DataPart>& parts) {
  nlohmann::ordered_json object{
      {"kiln", version()}, {"commit", commit()}, {"libtorch", TORCH_VERSION}, {"command", command}};
  for (const auto& [name, spec, data] : parts)
    object[name] = {{"spec", spec}, {"items", data->size()}, {"fingerprint", fingerprint(*data)}};
  drop_link(run / kFile);
  write_file_atomically(
      run / kFile, object.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

void check_same_data(const fs::path& run, const std::vector<DataPart>& parts) {
  const auto path = run / kFile;
  if (!fs::exists(path)) return;
  if (!fs::is_regular_file(path)) throw IoError(path.string(), "is no file; remove it");
  try {
    const auto stored = nlohmann::json::parse(read_text_file(path, 1 << 20));
    for (const auto& part : parts) check_part(stored, part.name, *part.data);
  } catch (const nlohmann::json::exception& error) {
    throw IoError(path.string(), fmt::format("is damaged: {}; remove it to go on without knowing "
                                             "whether the data are the same",
                                             error.what()));
  }
}

}  // namespace kiln
