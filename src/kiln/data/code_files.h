#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace kiln {

/// Codes of `rows` items in host memory.
struct CodeTable {
  std::int64_t rows = 0, columns = 0;     ///< N items, J latents.
  std::vector<float> z = {};              ///< N J numbers, row by row.
  std::vector<std::int64_t> labels = {};  ///< N classes, or empty.
};

/// FILE.csv: `index,z0,z1,...` and `label` where there are labels.  FILE.npz: `z` [N, J] and `y`
/// [N], float32.  Both read back to the same codes.  Atomic.  Throws ConfigError for another
/// extension, ShapeError where the numbers do not fit the sizes.
void write_codes(const std::filesystem::path& path, const CodeTable& codes);

/// The codes of such a file, without labels; a CSV may have other columns besides z0, z1 ... Throws
/// ConfigError or IoError, naming what is missing.
CodeTable read_codes(const std::filesystem::path& path);

/// Throws ConfigError unless the name ends in .csv or .npz.
void check_code_file(const std::filesystem::path& path);

}  // namespace kiln
