#pragma once

#include <filesystem>
#include <string>

#include "kiln/core/options.h"
#include "kiln/train/train_options.h"

namespace kiln {

/// Everything needed to repeat a run: what `config.toml` holds.
struct RunConfig {
  std::string model;         ///< Registry name.
  OptionMap model_options;   ///< Complete, with the facts of the data filled in.
  std::string data;          ///< SPEC of the training data.
  std::string data_b = {};   ///< SPEC of the second source, or empty.
  std::string encoder = {};  ///< The run whose encoder gives items their codes, or empty.
  std::string
      valid;  ///< SPEC of the validation data; empty: the source's own part or a held-out share.
  bool skip_bad = false;  ///< Whether broken items are left out.
  TrainOptions train;     ///< Resolved.

  /// Of weights, order, noise and samples.
  std::uint64_t seed() const { return static_cast<std::uint64_t>(train.seed); }
  /// Of the second source's generators: their scenes are not those of the first.
  std::uint64_t seed_b() const;
};

/// The text of config.toml: sections [run], [data], [model], [train].  `types` tells numbers and
/// switches from text.
std::string to_toml(const RunConfig& config, const std::vector<FieldInfo>& model_fields);

/// Reads it back; `where` names it in errors.  Throws IoError naming the file, line and column, or
/// the missing or unknown key.
RunConfig parse_run_config(const std::string& where, const std::string& text);
RunConfig read_run_config(const std::filesystem::path& path);

/// One section of any TOML file as an option map; an absent section is empty.  For `--config`.
struct ConfigFile {
  OptionMap run;    ///< [run]
  OptionMap data;   ///< [data]
  OptionMap model;  ///< [model]
  OptionMap train;  ///< [train]
};
ConfigFile read_config_file(const std::filesystem::path& path);

}  // namespace kiln
