#pragma once

#include <string>

#include "kiln/prob/line_law.h"

namespace kiln::program {

/// The law that a text names: what LineLaw::parse knows, or histogram:FILE.csv, a table with the
/// columns low, high and weight.  Throws ConfigError, or IoError for the file.
LineLaw line_law_of(const std::string& option, const std::string& text);

inline constexpr const char* kLineLawHelp =
    "normal:MEAN,STD, uniform:A,B, mixture:W*LAW+W*LAW or histogram:FILE.csv (low,high,weight)";

}  // namespace kiln::program
