#include "kiln/data/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "kiln/core/error.h"
#include "kiln/core/text.h"
#include "kiln/data/csv_columns.h"
#include "kiln/data/csv_text.h"
#include "kiln/data/value_range.h"

namespace kiln {
namespace {

constexpr std::size_t kMaxClasses = 10000;

std::string place(const CsvColumns& table, std::int64_t line) {
  return fmt::format("{}, line {}", table.file, line);
}

constexpr const char* kRemedy =
    "repair the file, choose others with columns=, or leave such rows out with --skip-bad";

// The row's numbers into `x`; `cells` holds the row's text afterwards.
void parse_row(const CsvColumns& table, const CsvRecord& record, std::vector<std::string>& cells,
               std::span<float> x) {
  split_cells(record.text, table.separator, cells);
  if (cells.size() != table.width)
    throw IoError("data.csv",
                  fmt::format("{}: {} cells, the first line has {}; repair the file, name the "
                              "separator with sep=, or leave such rows out with --skip-bad",
                              place(table, record.line), cells.size(), table.width));
  for (std::size_t i = 0; i < table.numbers.size(); ++i) {
    const auto& cell = cells[table.numbers[i]];
    const auto number = parse_real(cell);
    x[i] = number ? static_cast<float>(*number) : NAN;
    if (std::isfinite(x[i])) continue;
    throw IoError(
        "data.csv",
        fmt::format("{}, {}: {}; {}", place(table, record.line), table.title(table.numbers[i]),
                    cell.empty() ? "the cell is empty" : shown(cell) + " is no finite number",
                    kRemedy));
  }
  if (table.label && cells[*table.label].empty())
    throw IoError("data.csv",
                  fmt::format("{}, {}: the label is empty; {}", place(table, record.line),
                              table.title(*table.label), kRemedy));
}

// Where a row's text stands, for tables that are not held in memory.
struct RowPlace {
  std::uint64_t offset;
  std::uint32_t length, line;
};

// Gathers the classes of a table in the order of their first appearance, then sorts them.
class LabelNames {
 public:
  std::int32_t number_of(const CsvColumns& table, const std::string& label) {
    const auto [entry, added] = numbers_.emplace(label, static_cast<std::int32_t>(numbers_.size()));
    if (added && numbers_.size() > kMaxClasses)
      throw ConfigError("data.csv",
                        fmt::format("{}: {} holds more than {} different labels; name a column of "
                                    "classes with label=",
                                    table.file, table.title(*table.label), kMaxClasses));
    return entry->second;
  }

  // Numbers rise if all labels are numbers, otherwise the order is alphabetical.
  std::vector<std::string> sort(std::vector<std::int32_t>& labels) const {
    std::vector<std::pair<double, std::string>> order;
    const bool numeric = std::all_of(numbers_.begin(), numbers_.end(), [](const auto& entry) {
      return std::isfinite(parse_real(entry.first).value_or(NAN));
    });
    for (const auto& entry : numbers_)
      order.emplace_back(numeric ? *parse_real(entry.first) : 0.0, entry.first);
    std::sort(order.begin(), order.end());
    std::vector<std::int32_t> rank(order.size());
    std::vector<std::string> names;
    for (const auto& [value, name] : order) {
      rank[static_cast<std::size_t>(numbers_.at(name))] = static_cast<std::int32_t>(names.size());
      names.push_back(name);
    }
    for (auto& label : labels) label = rank[static_cast<std::size_t>(label)];
    return names;
  }

 private:
  std::map<std::string, std::int32_t> numbers_;
};

class CsvTable : public Dataset {
 public:
  CsvTable(const std::string& spec, ByteSourcePtr bytes, const CsvOptions& options, bool skip_bad);

  const DataInfo& info() const override { return info_; }
  std::int64_t size() const override { return size_; }
  std::int64_t read(std::int64_t index, std::span<float> x) const override;

 private:
  void read_all(CsvReader& reader, CsvRecord record, bool skip_bad);
  void keep(const CsvRecord& record, std::span<const float> x,
            const std::vector<std::string>& cells);

  DataInfo info_;
  ByteSourcePtr bytes_;
  CsvColumns table_;
  LabelNames label_names_;
  std::uint64_t memory_limit_;
  bool in_memory_ = true;
  std::int64_t size_ = 0;
  ValueRange range_;
  std::vector<float> numbers_;    // all rows, while they fit
  std::vector<RowPlace> places_;  // otherwise
  std::vector<std::int32_t> labels_;
};

CsvTable::CsvTable(const std::string& spec, ByteSourcePtr bytes, const CsvOptions& options,
                   bool skip_bad)
    : bytes_(std::move(bytes)), memory_limit_(static_cast<std::uint64_t>(options.memory * 0x1p30)) {
  CsvReader reader(bytes_);
  CsvRecord first;
  if (!reader.next(first)) throw IoError("data.csv", fmt::format("{} is empty", bytes_->name()));
  table_ = choose_columns(bytes_->name(), first.text, options);
  info_.name = spec;
  info_.shape = {std::ssize(table_.numbers)};
  if (!table_.names.empty())
    for (const auto column : table_.numbers) info_.columns.push_back(table_.names[column]);
  if (table_.names.empty() || reader.next(first)) read_all(reader, first, skip_bad);
  if (size_ == 0)
    throw IoError("data.csv", fmt::format("{} has no {}rows", bytes_->name(),
                                          info_.skipped > 0 ? "sound " : ""));
  if (table_.label) info_.class_names = label_names_.sort(labels_);
  info_.classes = std::ssize(info_.class_names);
  info_.values = check_values("data.csv", bytes_->name(), range_, options.values,
                              range_.only_0_and_1  ? Values::binary
                              : range_.only_states ? Values::states
                                                   : Values::real);
  info_.levels = levels_of(info_.values, range_);
}

void CsvTable::read_all(CsvReader& reader, CsvRecord record, bool skip_bad) {
  std::vector<std::string> cells;
  std::vector<float> x(table_.numbers.size());
  do {
    try {
      parse_row(table_, record, cells, x);
    } catch (const IoError&) {
      if (!skip_bad) throw;
      ++info_.skipped;
      continue;
    }
    keep(record, x, cells);
  } while (reader.next(record));
  if (in_memory_) std::vector<RowPlace>().swap(places_);
}

void CsvTable::keep(const CsvRecord& record, std::span<const float> x,
                    const std::vector<std::string>& cells) {
  range_.add(x);
  if (table_.label) labels_.push_back(label_names_.number_of(table_, cells[*table_.label]));
  places_.push_back({record.offset, static_cast<std::uint32_t>(record.text.size()),
                     static_cast<std::uint32_t>(record.line)});
  ++size_;
  if (!in_memory_) return;
  numbers_.insert(numbers_.end(), x.begin(), x.end());
  in_memory_ = numbers_.size() * sizeof(float) <= memory_limit_;
  if (!in_memory_) std::vector<float>().swap(numbers_);
}

std::int64_t CsvTable::read(std::int64_t index, std::span<float> x) const {
  KILN_ASSERT(index >= 0 && index < size_ && x.size() == table_.numbers.size());
  const auto row = static_cast<std::size_t>(index);
  if (in_memory_) {
    std::copy_n(numbers_.begin() + std::ssize(x) * index, x.size(), x.begin());
  } else {
    std::string text(places_[row].length, '\0');
    bytes_->read(places_[row].offset, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
    std::vector<std::string> cells;
    parse_row(table_, {text, places_[row].offset, places_[row].line}, cells, x);
  }
  return labels_.empty() ? -1 : labels_[row];
}

}  // namespace

DatasetPtr open_csv(const std::string& spec, ByteSourcePtr bytes, const CsvOptions& options,
                    bool skip_bad) {
  return std::make_shared<CsvTable>(spec, std::move(bytes), options, skip_bad);
}

}  // namespace kiln
