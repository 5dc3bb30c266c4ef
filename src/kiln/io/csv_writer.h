#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace kiln {

/// Writes a table atomically: names, then numbers in the shortest form that reads back to the same
/// double.  Names are quoted where RFC 4180 asks for it.  Throws IoError, or ShapeError if a row
/// has more or fewer numbers than there are names.
void write_csv(const std::filesystem::path& path, const std::vector<std::string>& names,
               const std::vector<std::vector<double>>& rows);

}  // namespace kiln
