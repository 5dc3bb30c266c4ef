#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kiln/data/csv.h"

namespace kiln {

/// How the cells of a table's records become numbers.
struct CsvColumns {
  std::string file;
  char separator = ',';
  std::size_t width = 0;             ///< Cells of every record.
  std::vector<std::string> names;    ///< One per cell; empty without a header.
  std::vector<std::size_t> numbers;  ///< Cells that become x, in order.
  std::optional<std::size_t> label;

  std::string title(std::size_t column) const;  ///< "column 'alcohol'" or "column 3 (from 0)".
};

/// Fits the options to a table's first record.  Throws ConfigError for a column that does not
/// exist.
CsvColumns choose_columns(const std::string& file, std::string_view first_record,
                          const CsvOptions& options);

}  // namespace kiln
