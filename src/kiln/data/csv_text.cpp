#include "kiln/data/csv_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "kiln/core/error.h"

namespace kiln {
namespace {

constexpr std::size_t kChunk = std::size_t{1} << 16, kMaxRecord = std::size_t{1} << 24;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// Takes a quoted cell off the front of `text`; two quotes inside stand for one.
std::string take_quoted(std::string_view& text) {
  std::string cell;
  text.remove_prefix(1);
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '"') {
      if (text.empty() || text.front() != '"') return cell;
      text.remove_prefix(1);
    }
    cell.push_back(c);
  }
  return cell;
}

}  // namespace

CsvReader::CsvReader(ByteSourcePtr bytes) : bytes_(std::move(bytes)) {
  refill();
  if (buffer_.starts_with(kByteOrderMark)) start_ = kByteOrderMark.size();
}

// Drops what has been given out and takes the next piece of the file; false at its end.
bool CsvReader::refill() {
  buffer_.erase(0, start_);
  start_ = 0;
  if (buffer_.size() > kMaxRecord)
    throw IoError("data.csv",
                  fmt::format("{}, line {}: the record is longer than {} MiB; is it a table?",
                              bytes_->name(), line_, kMaxRecord >> 20));
  const auto count = std::min<std::uint64_t>(kChunk, bytes_->size() - read_);
  const auto end = buffer_.size();
  buffer_.resize(end + count);
  bytes_->read(read_, {reinterpret_cast<std::uint8_t*>(buffer_.data()) + end, count});
  read_ += count;
  return count > 0;
}

bool CsvReader::next_with_blanks(CsvRecord& record) {
  const auto first_line = line_;
  std::int64_t lines = 0;
  bool quoted = false, ended = false;
  std::size_t length = 0;
  for (; !ended; ++length) {
    if (start_ + length == buffer_.size() && !refill()) break;
    const char c = buffer_[start_ + length];
    if (c == '"') quoted = !quoted;
    if (c == '\n') ++lines, ended = !quoted;
  }
  if (quoted)
    throw IoError("data.csv", fmt::format("{}, line {}: a quote is opened and never closed",
                                          bytes_->name(), first_line));
  record = {.text = std::string_view(buffer_).substr(start_, length - (ended ? 1 : 0)),
            .offset = read_ - buffer_.size() + start_,
            .line = first_line};
  start_ += length;
  line_ += lines;
  return length > 0;
}

bool CsvReader::next(CsvRecord& record) {
  while (next_with_blanks(record))
    if (!trimmed(record.text).empty()) return true;
  return false;
}

char guess_separator(std::string_view record) {
  std::string outside;
  bool quoted = false;
  for (const char c : trimmed(record)) {
    if (c == '"') quoted = !quoted;
    if (!quoted) outside.push_back(c);
  }
  for (const char separator : {'\t', ';', ','})
    if (outside.find(separator) != std::string::npos) return separator;
  return ' ';
}

void split_cells(std::string_view record, char separator, std::vector<std::string>& cells) {
  const bool blanks = separator == ' ';
  std::size_t count = 0;
  auto text = record;
  for (bool more = true; more; ++count) {
    while (!text.empty() && is_blank(text.front()) && text.front() != separator)
      text.remove_prefix(1);
    if (blanks) text = trimmed(text);
    if (blanks && text.empty()) break;
    if (cells.size() <= count) cells.emplace_back();
    const bool quoted = text.starts_with('"');
    if (quoted) cells[count] = take_quoted(text);
    const auto end = blanks ? text.find_first_of(" \t") : text.find(separator);
    if (!quoted) cells[count] = trimmed(text.substr(0, end));
    more = end != std::string_view::npos;
    text.remove_prefix(more ? end + 1 : text.size());
  }
  cells.resize(count);
}

std::string shown(std::string_view text) {
  constexpr std::size_t kLongest = 40;
  std::string fit(text.substr(0, kLongest));
  for (auto& c : fit)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  return fmt::format("'{}{}'", fit, text.size() > kLongest ? "..." : "");
}

}  // namespace kiln
