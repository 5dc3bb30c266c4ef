#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/core/options.h"

namespace kiln {

/// How a model is trained where nobody says otherwise: what its page measured.
struct Recipe {
  std::string when;    ///< Which options and data it is for, in words: "pictures, conv".
  OptionMap settings;  ///< Options of the model and of the trainer, by name.
};

/// A recipe as a model writes it down: `fits` is asked of the options that were given, with the
/// facts of the data and the defaults filled in, and of how many training items there are.  Of a
/// model's list the first that fits counts.
template <class Options>
struct RecipeFor {
  std::string_view when;
  bool (*fits)(const Options&, std::int64_t items);
  OptionMap settings;
};

/// Whatever the options and the data.
template <class Options>
bool always(const Options&, std::int64_t) {
  return true;
}

/// What a recipe adds to the options that were given.
struct Followed {
  OptionMap model, train;
  OptionMap added;  ///< What was not given, and is the recipe's.
};

/// A given option stays; whoever gives `steps` or `epochs` has said how long.  A setting is the
/// model's where `model_fields` names it, else the trainer's.
Followed follow(const Recipe& recipe, const std::vector<FieldInfo>& model_fields,
                const OptionMap& model, const OptionMap& train);

/// "--batch 64 --steps 4000": settings as a person would type them.
std::string as_flags(const OptionMap& settings);

}  // namespace kiln
