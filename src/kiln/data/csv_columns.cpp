#include "kiln/data/csv_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "kiln/core/error.h"
#include "kiln/core/text.h"
#include "kiln/data/csv_text.h"

namespace kiln {
namespace {

char character_of(CsvSeparator separator) {
  switch (separator) {
    case CsvSeparator::comma:
      return ',';
    case CsvSeparator::semicolon:
      return ';';
    case CsvSeparator::tab:
      return '\t';
    case CsvSeparator::space:
      return ' ';
  }
  KILN_ASSERT(!"a separator without a character");
}

[[noreturn]] void refuse_column(const CsvColumns& table, const std::string& wanted) {
  constexpr std::size_t kMostNames = 100;
  std::vector<std::string> known;
  for (const auto& name : table.names)
    if (known.size() < kMostNames) known.push_back(shown(name));
  if (known.size() < table.names.size()) known.emplace_back("...");
  throw ConfigError(
      "data.csv", fmt::format("{} has no column '{}'{} It has {} columns{}{}", table.file, wanted,
                              known.empty() ? "." : did_you_mean(wanted, table.names), table.width,
                              known.empty() ? ", counted from 0" : ": ", join(known, ", ")));
}

// The first column of each name.
using Places = std::unordered_map<std::string_view, std::size_t>;

Places places_of(const CsvColumns& table) {
  Places places;
  for (std::size_t i = 0; i < table.names.size(); ++i) places.emplace(table.names[i], i);
  return places;
}

std::optional<std::size_t> find_column(const CsvColumns& table, const Places& places,
                                       std::string_view wanted) {
  if (const auto named = places.find(wanted); named != places.end()) return named->second;
  const auto number = parse_integer(wanted);
  if (!number || *number < 0 || static_cast<std::size_t>(*number) >= table.width) return {};
  return static_cast<std::size_t>(*number);
}

// "3", "alcohol" or "0-10".
void add_columns(const CsvColumns& table, const Places& places, const std::string& part,
                 std::vector<std::size_t>& list) {
  if (const auto column = find_column(table, places, part)) return list.push_back(*column);
  const auto ends = split(part, '-');
  const auto first = ends.size() == 2 ? parse_integer(ends[0]) : std::nullopt;
  const auto last = ends.size() == 2 ? parse_integer(ends[1]) : std::nullopt;
  if (!first || !last || *first < 0 || *first > *last ||
      static_cast<std::size_t>(*last) >= table.width)
    refuse_column(table, part);
  for (auto column = *first; column <= *last; ++column)
    list.push_back(static_cast<std::size_t>(column));
}

std::vector<std::size_t> number_columns(const CsvColumns& table, const Places& places,
                                        const std::string& wanted) {
  std::vector<std::size_t> list;
  const bool is_name = places.contains(wanted);
  if (wanted != "all" || is_name) {
    for (const auto& part : is_name ? std::vector{wanted} : split(wanted, '+'))
      add_columns(table, places, part, list);
  } else {
    for (std::size_t column = 0; column < table.width; ++column)
      if (column != table.label) list.push_back(column);
  }
  if (list.empty())
    throw ConfigError("data.csv", fmt::format("{} has no columns of numbers: columns={} leaves "
                                              "none besides the label",
                                              table.file, wanted));
  return list;
}

}  // namespace

std::string CsvColumns::title(std::size_t column) const {
  return names.empty() ? fmt::format("column {} (from 0)", column)
                       : fmt::format("column {}", shown(names[column]));
}

CsvColumns choose_columns(const std::string& file, std::string_view first_record,
                          const CsvOptions& options) {
  CsvColumns table;
  table.file = file;
  table.separator = options.sep ? character_of(*options.sep) : guess_separator(first_record);
  std::vector<std::string> cells;
  split_cells(first_record, table.separator, cells);
  table.width = cells.size();
  const auto holds_number =
      std::any_of(cells.begin(), cells.end(), [](const auto& cell) { return parse_real(cell); });
  if (options.header.value_or(!holds_number)) table.names = cells;
  const auto places = places_of(table);
  if (options.label != "none") {
    table.label = find_column(table, places, options.label);
    if (!table.label) refuse_column(table, options.label);
  }
  table.numbers = number_columns(table, places, options.columns);
  return table;
}

}  // namespace kiln
