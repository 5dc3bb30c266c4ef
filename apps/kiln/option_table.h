#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "kiln/core/options.h"
#include "kiln/core/recipe.h"

namespace kiln::program {

/// "1 to 100", "at least 0", "raster, random" or "": what an option may be.
std::string legal_values(const FieldInfo& field);

/// Options as lines for a terminal, two lines for each: flag, type, legal values and default; help.
std::string option_lines(const std::vector<FieldInfo>& fields);

/// Options as a Markdown table, for the docs.
std::string option_markdown(const std::vector<FieldInfo>& fields);

/// Options as objects: name, flag, type, default, low, high, choices, help, from_data.
nlohmann::json option_json(const std::vector<FieldInfo>& fields);

/// Recipes as lines for a terminal, and as a Markdown table; empty where there are none.
std::string recipe_lines(const std::vector<Recipe>& recipes);
std::string recipe_markdown(const std::vector<Recipe>& recipes);

}  // namespace kiln::program
