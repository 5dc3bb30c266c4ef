#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/data/byte_source.h"

namespace kiln {

/// One record of a table as text.  Quoted cells may hold line ends, so it may span lines.
struct CsvRecord {
  std::string_view text;     ///< Without the line end; valid until the next record is read.
  std::uint64_t offset = 0;  ///< Of the text in the file.
  std::int64_t line = 0;     ///< Of the text's first byte, counted from 1.
};

/// Reads the records of a table one after the other, in bounded memory.  Skips a byte order mark
/// and blank lines.
class CsvReader {
 public:
  explicit CsvReader(ByteSourcePtr bytes);

  /// False at the end.  Throws IoError for a quote that is never closed or a record over 16 MiB.
  bool next(CsvRecord& record);

 private:
  bool refill();
  bool next_with_blanks(CsvRecord& record);

  ByteSourcePtr bytes_;
  std::string buffer_;
  std::size_t start_ = 0;   // of the next record in buffer_
  std::uint64_t read_ = 0;  // bytes taken from the file so far
  std::int64_t line_ = 1;
};

/// The separator of a table: ',', ';', tab, or ' ' for any run of blanks.
char guess_separator(std::string_view record);

/// Cells of a record, blanks at their ends and quotes taken away.  `cells` is used again to save
/// memory traffic.
void split_cells(std::string_view record, char separator, std::vector<std::string>& cells);

/// Text from a file, made fit for a message: short, without control characters, in quotes.
std::string shown(std::string_view text);

}  // namespace kiln
