#include "apps/kiln/theory_law.h"

#include <fmt/format.h>

#include <array>

#include "kiln/core/error.h"
#include "kiln/core/text.h"
#include "kiln/data/csv_text.h"

namespace kiln::program {
namespace {

constexpr std::size_t kMostPieces = 1000;

LineLaw::Part piece_of(const std::string& file, const CsvRecord& record) {
  std::vector<std::string> cells;
  split_cells(record.text, guess_separator(record.text), cells);
  std::array<double, 3> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto value = cells.size() == numbers.size() ? parse_real(cells[i]) : std::nullopt;
    if (!value)
      throw IoError("histogram",
                    fmt::format("{}: line {} needs three numbers, low,high,weight, got "
                                "{}",
                                file, record.line, shown(record.text)));
    numbers[i] = *value;
  }
  return {false, numbers[0], numbers[1], numbers[2]};
}

LineLaw read_histogram(const std::string& option, const std::string& file) {
  CsvReader reader(file_bytes(file));
  CsvRecord record;
  std::vector<LineLaw::Part> pieces;
  bool first = true;
  for (; reader.next(record); first = false) {
    if (first && record.text == "low,high,weight") continue;  // the header, which may be missing
    pieces.push_back(piece_of(file, record));
    if (pieces.size() > kMostPieces)
      throw IoError("histogram", fmt::format("{} has more than {} pieces", file, kMostPieces));
  }
  if (pieces.empty())
    throw IoError("histogram", fmt::format("{} has no rows low,high,weight", file));
  return {option, std::move(pieces)};
}

}  // namespace

LineLaw line_law_of(const std::string& option, const std::string& text) {
  constexpr std::string_view kHistogram = "histogram:";
  if (text.starts_with(kHistogram)) return read_histogram(option, text.substr(kHistogram.size()));
  return LineLaw::parse(option, text);
}

}  // namespace kiln::program
