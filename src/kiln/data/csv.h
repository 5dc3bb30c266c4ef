#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kiln/core/options.h"
#include "kiln/data/byte_source.h"
#include "kiln/data/dataset.h"

namespace kiln {

enum class CsvSeparator { comma, semicolon, tab, space };

inline std::vector<std::pair<CsvSeparator, std::string_view>> enum_names(CsvSeparator) {
  return {{CsvSeparator::comma, "comma"},
          {CsvSeparator::semicolon, "semicolon"},
          {CsvSeparator::semicolon, ";"},
          {CsvSeparator::tab, "tab"},
          {CsvSeparator::space, "space"}};
}

struct CsvOptions {
  std::string columns = "all";
  std::string label = "none";
  std::optional<CsvSeparator> sep;
  std::optional<bool> header;
  std::optional<Values> values;
  double memory = 2;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit("columns", self.columns,
          Field{.help = "numbers (from 0), ranges and names joined by +, as in 0-3+7+alcohol; all: "
                        "every one but the label"});
    visit("label", self.label, Field{.help = "column of class labels, by number or name; or none"});
    visit("sep", self.sep, Field{.help = "what stands between cells; space is any run of blanks"});
    visit("header", self.header,
          Field{.help = "yes: the first line names the columns; auto: if it holds no number"});
    visit("values", self.values,
          Field{.help = "kind of numbers; auto: binary if all are 0 or 1, states if all are whole "
                        "and from 0 to 65535, else real"});
    visit("memory", self.memory,
          Field{.help = "GiB of numbers to hold in memory; a larger table is read row by row",
                .low = 0,
                .high = 65536});
  }
};

/// A table of numbers.  Every row is read and checked once at opening.  Throws ConfigError for
/// columns that do not exist and IoError (file, line, column) for rows of another length and cells
/// that are no finite number; with `skip_bad` such rows are left out and counted.
DatasetPtr open_csv(const std::string& spec, ByteSourcePtr bytes, const CsvOptions& options,
                    bool skip_bad);

}  // namespace kiln
