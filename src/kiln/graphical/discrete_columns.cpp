#include "kiln/graphical/discrete_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "kiln/core/error.h"
#include "kiln/core/text.h"
#include "kiln/data/csv_text.h"

namespace kiln {
namespace {

constexpr std::size_t kMostCells = std::size_t{1} << 28;  // 512 MiB of state numbers

using StateNumbers = std::unordered_map<std::string, std::uint16_t>;

// A table with a header, row by row.
class Table {
 public:
  explicit Table(const std::filesystem::path& path)
      : name_(path.string()), reader_(file_bytes(path)) {
    if (!reader_.next(record_))
      throw IoError(name_, "is empty; its first line must name the columns");
    separator_ = guess_separator(record_.text);
    split_cells(record_.text, separator_, header_);
    for (std::size_t i = 0; i < header_.size(); ++i)
      if (std::find(header_.begin(), header_.begin() + static_cast<std::ptrdiff_t>(i),
                    header_[i]) != header_.begin() + static_cast<std::ptrdiff_t>(i))
        throw IoError(name_,
                      fmt::format("two columns are named {}; rename one", shown(header_[i])));
  }

  const std::string& name() const { return name_; }
  const std::vector<std::string>& header() const { return header_; }
  const std::vector<std::string>& cells() const { return cells_; }
  std::string place(std::size_t column) const {
    return fmt::format("line {}, column {}", record_.line, shown(header_[column]));
  }

  bool next() {
    if (!reader_.next(record_)) return false;
    split_cells(record_.text, separator_, cells_);
    if (cells_.size() != header_.size())
      throw IoError(name_, fmt::format("line {}: has {} cells, the header has {}", record_.line,
                                       cells_.size(), header_.size()));
    return true;
  }

 private:
  std::string name_;
  CsvReader reader_;
  CsvRecord record_;
  char separator_ = ',';
  std::vector<std::string> header_, cells_;
};

void check_room(const Table& table, const DiscreteColumns& data) {
  if (data.columns.size() * (data.rows() + 1) > kMostCells)
    throw IoError(table.name(),
                  fmt::format("has more than {} cells; take fewer rows or columns", kMostCells));
}

void check_rows(const DiscreteColumns& data) {
  if (data.rows() == 0) throw IoError(data.name, "has a header but no rows");
}

std::size_t column_of(const Table& table, const std::string& node) {
  const auto found = std::ranges::find(table.header(), node);
  if (found != table.header().end())
    return static_cast<std::size_t>(found - table.header().begin());
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min<std::size_t>(table.header().size(), 20); ++i)
    names.push_back(shown(table.header()[i]));
  throw IoError(table.name(), fmt::format("has no column for the node '{}'{} Columns: {}", node,
                                          did_you_mean(node, table.header()).empty()
                                              ? "."
                                              : did_you_mean(node, table.header()),
                                          join(names, ", ")));
}

[[noreturn]] void refuse_state(const Table& table, std::size_t column, const DagNode& node) {
  auto states = node.states;
  if (states.size() > 20) states.resize(20), states.push_back("...");
  throw IoError(table.name(),
                fmt::format("{}: {} is no state of '{}'. States: {}", table.place(column),
                            shown(table.cells()[column]), node.name, join(states, ", ")));
}

std::uint16_t number_of(StateNumbers& numbers, const Table& table, std::size_t column) {
  const auto& cell = table.cells()[column];
  const auto [found, is_new] = numbers.emplace(cell, static_cast<std::uint16_t>(numbers.size()));
  if (!is_new) return found->second;
  if (const auto wrong = name_problem(cell); !wrong.empty())
    throw IoError(table.name(),
                  fmt::format("{}: the state {} {}", table.place(column), shown(cell), wrong));
  if (numbers.size() > Dag::kMostStates)
    throw IoError(table.name(),
                  fmt::format("{}: the {}th different text of this column; a node has at most {} "
                              "states, so leave out columns of measured numbers or bin them",
                              table.place(column), numbers.size(), Dag::kMostStates));
  return found->second;
}

bool all_integers(const std::vector<std::string>& texts) {
  return std::ranges::all_of(texts,
                             [](const auto& text) { return parse_integer(text).has_value(); });
}

// Puts the states, found in the order of the rows, into their own order.
DagNode sort_states(const std::string& name, const StateNumbers& numbers,
                    std::vector<std::uint16_t>& column) {
  std::vector<std::string> found(numbers.size());
  for (const auto& [text, number] : numbers) found[number] = text;
  std::vector<std::uint16_t> order(found.size()), place(found.size());
  std::iota(order.begin(), order.end(), std::uint16_t{0});
  const bool by_value = all_integers(found);
  std::ranges::sort(order, [&](auto a, auto b) {
    const auto x = by_value ? *parse_integer(found[a]) : 0,
               y = by_value ? *parse_integer(found[b]) : 0;
    return x != y ? x < y : found[a] < found[b];
  });
  DagNode node{name, {}};
  for (std::size_t i = 0; i < order.size(); ++i) {
    place[order[i]] = static_cast<std::uint16_t>(i);
    node.states.push_back(found[order[i]]);
  }
  for (auto& state : column) state = place[state];
  return node;
}

}  // namespace

DiscreteColumns read_columns(const std::filesystem::path& path, const Dag& dag,
                             const std::vector<std::size_t>& nodes) {
  Table table(path);
  DiscreteColumns data{table.name(), std::vector<std::vector<std::uint16_t>>(nodes.size())};
  std::vector<std::size_t> places;
  std::vector<StateNumbers> numbers(nodes.size());
  for (std::size_t k = 0; k < nodes.size(); ++k) {
    places.push_back(column_of(table, dag.node(nodes[k]).name));
    for (const auto& state : dag.node(nodes[k]).states)
      numbers[k].emplace(state, static_cast<std::uint16_t>(numbers[k].size()));
  }
  while (table.next()) {
    check_room(table, data);
    for (std::size_t k = 0; k < nodes.size(); ++k) {
      const auto found = numbers[k].find(table.cells()[places[k]]);
      if (found == numbers[k].end()) refuse_state(table, places[k], dag.node(nodes[k]));
      data.columns[k].push_back(found->second);
    }
  }
  check_rows(data);
  return data;
}

NamedColumns read_all_columns(const std::filesystem::path& path) {
  Table table(path);
  const auto& header = table.header();
  if (header.size() > Dag::kMostNodes)
    throw IoError(table.name(), fmt::format("has {} columns, a network has at most {} nodes",
                                            header.size(), Dag::kMostNodes));
  for (const auto& name : header)
    if (const auto wrong = name_problem(name); !wrong.empty())
      throw IoError(table.name(), fmt::format("the column's name {} {}", shown(name), wrong));
  NamedColumns result{{}, {table.name(), std::vector<std::vector<std::uint16_t>>(header.size())}};
  std::vector<StateNumbers> numbers(header.size());
  while (table.next()) {
    check_room(table, result.data);
    for (std::size_t k = 0; k < header.size(); ++k)
      result.data.columns[k].push_back(number_of(numbers[k], table, k));
  }
  check_rows(result.data);
  for (std::size_t k = 0; k < header.size(); ++k)
    result.nodes.push_back(sort_states(header[k], numbers[k], result.data.columns[k]));
  return result;
}

}  // namespace kiln
