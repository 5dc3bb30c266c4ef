#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kiln/data/transforms.h"
#include "kiln/models/model.h"
#include "kiln/registry/model_info.h"

namespace kiln {

/// One model as the program, the checkpoints and the docs know it.
struct ModelEntry : ModelInfo {
  OptionMap tiny;                    ///< Options of a model that trains in milliseconds, for tests.
  std::vector<OptionMap> more_tiny;  ///< Others: conditions, supervision, more players.
  std::function<std::shared_ptr<Model>(const OptionMap&)> make;  ///< Throws ConfigError.
  std::function<OptionMap(const OptionMap&)>
      complete;  ///< Fills in the defaults; throws ConfigError.
  /// The recipe for given options, the data's facts and so many training items; nothing where none
  /// fits.
  std::function<std::optional<Recipe>(const OptionMap&, std::int64_t items)> recipe_for;
};

const std::vector<ModelEntry>& models();

/// Throws ConfigError naming the nearest model.
const ModelEntry& find_model(const std::string& name);

/// The facts of the data that options marked from_data take: data_dim, channels, height, width,
/// classes, states.  Throws ConfigError when a model that needs states is given data that are
/// none.
OptionMap data_facts(const ModelEntry& entry, const DataInfo& info,
                     std::optional<Binarize> binarize = {});

/// Builds a model whose weights depend on `seed` alone.
std::shared_ptr<Model> make_model(const ModelEntry& entry, const OptionMap& options,
                                  std::uint64_t seed);

}  // namespace kiln
