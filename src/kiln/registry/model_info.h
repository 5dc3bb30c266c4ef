#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kiln/core/options.h"
#include "kiln/core/recipe.h"

namespace kiln {

/// What can be said about a model without building one.
struct ModelInfo {
  std::string name;                       ///< The paper's acronym, as in the file names.
  std::string title;                      ///< One line.
  std::string paper;                      ///< Where it is from: an arXiv number or a book.
  std::vector<FieldInfo> fields;          ///< Its options.
  std::vector<std::string> capabilities;  ///< What it can do: "sampler", "likelihood".
  std::vector<Recipe> recipes;            ///< The first that fits counts.
  std::vector<std::string> sources = {};  ///< Of data beside the first: "b" of --data-b.
};

/// Throws ConfigError naming the nearest of `known`.
[[noreturn]] void refuse_model(std::string_view name, const std::vector<std::string>& known);

/// The entry of that name among models' descriptions.  Throws ConfigError naming the nearest.
template <class Info>
const Info& find_named(const std::vector<Info>& infos, std::string_view name) {
  std::vector<std::string> known;
  for (const auto& info : infos) {
    if (info.name == name) return info;
    known.push_back(info.name);
  }
  refuse_model(name, known);
}

/// Throws ConfigError: a model lacks what a command needs; it says what the model has instead.
[[noreturn]] void refuse_capability(std::string_view model, std::string_view needed,
                                    const std::vector<std::string>& has);

/// Throws ConfigError where the model needs a second source of data and has none, or the other way
/// round.
void check_sources(const ModelInfo& model, const std::string& data_b);

/// One JSON array, so that a program can know the models without LibTorch.
std::string to_json(const std::vector<ModelInfo>& infos);
/// Reads to_json() back.  Throws IoError.
std::vector<ModelInfo> model_infos_from_json(std::string_view json);

}  // namespace kiln
