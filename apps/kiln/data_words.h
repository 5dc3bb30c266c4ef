#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "apps/kiln/data_summary.h"
#include "kiln/data/dataset.h"

namespace kiln::program {

// How `kiln data` says what a data set holds.

/// A class's name, or its number where it has none.
std::string class_name(const DataInfo& info, std::int64_t label);

/// A column's name, or "column N", counted from 0, where it has none.
std::string column_name(const DataInfo& info, std::size_t column);

/// The kind of values, and how many levels where they are quantised: "unit, 256 levels".
std::string describe_values(const DataInfo& info);

/// Mean, spread and range, for people.
std::string line_of(const NumberSummary& numbers);

/// The same for programs.
nlohmann::json json_of(const NumberSummary& numbers);

/// How many items each part of a source has, for people and for programs.
struct PartSizes {
  std::string text;     ///< "train 1437, test 360": the parts that there are.
  nlohmann::json json;  ///< By name; null for a part that is not there.
};
PartSizes parts_of(const Splits& splits);

}  // namespace kiln::program
