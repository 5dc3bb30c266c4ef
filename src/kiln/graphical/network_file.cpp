#include "kiln/graphical/network_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <unordered_map>

#include "kiln/core/error.h"
#include "kiln/core/text.h"
#include "kiln/data/csv_text.h"
#include "kiln/io/atomic_file.h"
#include "kiln/io/toml_text.h"

namespace kiln {
namespace {

constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 26;

// One node's section in the file, and how to complain about it.
struct Section {
  const std::string& file;
  const toml::table& fields;
  std::string name = {};

  [[noreturn]] void refuse(const toml::node& at, const std::string& what) const {
    throw IoError(file, fmt::format("line {}: {}{}", at.source().begin.line,
                                    name.empty() ? "" : fmt::format("node '{}': ", name), what));
  }
};

std::string read_name(const Section& section) {
  const auto* field = section.fields.get("name");
  if (!field) section.refuse(section.fields, "a node has no name; give name = \"...\"");
  const auto name = field->value_exact<std::string>();
  if (!name) section.refuse(*field, "name must be a text in quotes");
  if (const auto wrong = name_problem(*name); !wrong.empty())
    section.refuse(*field, fmt::format("the name {} {}", shown(*name), wrong));
  return *name;
}

std::vector<std::string> read_texts(const Section& section, const toml::node& field,
                                    const std::string& what) {
  const auto* list = field.as_array();
  if (!list) section.refuse(field, what);
  std::vector<std::string> texts;
  for (const auto& item : *list) {
    const auto text = item.value_exact<std::string>();
    if (!text) section.refuse(item, what);
    texts.push_back(*text);
  }
  return texts;
}

std::vector<std::string> read_states(const Section& section) {
  const auto* field = section.fields.get("states");
  if (!field) section.refuse(section.fields, "has no states; give states = [\"no\", \"yes\"]");
  const auto count = field->value_exact<std::int64_t>();
  if (!count)
    return read_texts(section, *field, "states must be a list of texts, or how many there are");
  if (*count < 1 || *count > static_cast<std::int64_t>(Dag::kMostStates))
    section.refuse(*field, fmt::format("states must be 1 to {}, got {}", Dag::kMostStates, *count));
  std::vector<std::string> states;
  for (std::int64_t i = 0; i < *count; ++i) states.push_back(fmt::format("{}", i));
  return states;
}

using Numbers = std::unordered_map<std::string, std::size_t>;

std::vector<std::size_t> read_parents(const Section& section, const Numbers& numbers) {
  std::vector<std::size_t> parents;
  const auto* field = section.fields.get("parents");
  if (!field) return parents;
  for (const auto& name : read_texts(section, *field, "parents must be a list of nodes' names")) {
    const auto found = numbers.find(name);
    if (found == numbers.end()) {
      std::vector<std::string> known;
      for (const auto& [other, number] : numbers) known.push_back(other);
      std::ranges::sort(known);
      const auto hint = did_you_mean(name, known);
      section.refuse(*field, fmt::format("the parent {} is no node of this file{}", shown(name),
                                         hint.empty() ? "; add it or take it away" : hint));
    }
    parents.push_back(found->second);
  }
  return parents;
}

// A row of numbers, one per state.
void read_row(const Section& section, const toml::node& row, const std::string& row_name,
              std::size_t states, std::vector<double>& table) {
  const auto* list = row.as_array();
  const auto of = row_name.empty() ? "" : " of " + row_name;
  if (!list)
    section.refuse(row, fmt::format("table must be a list of rows, [[...], [...]], with {} numbers "
                                    "each",
                                    states));
  if (list->size() != states)
    section.refuse(row, fmt::format("the row{} has {} numbers, it needs {}: one per state", of,
                                    list->size(), states));
  for (const auto& item : *list) {
    if (!item.is_number())
      section.refuse(item, fmt::format("the row{} holds what is no number", of));
    table.push_back(*item.value<double>());
  }
}

std::vector<double> read_table(const Section& section, const Dag& dag, std::size_t i) {
  std::vector<double> table;
  const auto* field = section.fields.get("table");
  if (!field) return table;
  const auto* rows = field->as_array();
  const auto states = dag.states(i), needed = dag.rows(i);
  if (!rows) section.refuse(*field, "table must be a list of rows, [[...], [...]]");
  if (dag.node(i).parents.empty() && !rows->empty() && rows->get(0)->is_number()) {
    read_row(section, *field, "", states, table);
    return table;
  }
  if (rows->size() != needed)
    section.refuse(
        *field, fmt::format("table has {} rows, it needs {}: one for each setting of the parents"
                            "{}",
                            rows->size(), needed, needed == 1 ? ", of which there are none" : ""));
  for (std::size_t row = 0; row < needed; ++row)
    read_row(section, *rows->get(row), dag.row_name(i, row), states, table);
  return table;
}

void check_fields(const Section& section) {
  const std::vector<std::string> known{"name", "states", "parents", "table"};
  for (const auto& [key, value] : section.fields)
    if (std::ranges::find(known, key.str()) == known.end())
      section.refuse(
          value,
          fmt::format("no field {}{} Fields: {}", shown(key.str()),
                      did_you_mean(key.str(), known).empty() ? "." : did_you_mean(key.str(), known),
                      join(known, ", ")));
}

std::vector<Section> sections_of(const std::string& file, const toml::table& root) {
  for (const auto& [key, value] : root)
    if (key.str() != "node")
      throw IoError(file, fmt::format("line {}: unknown section {}; a network is a list of "
                                      "[[node]] sections",
                                      value.source().begin.line, shown(key.str())));
  const auto* nodes = root.get_as<toml::array>("node");
  if (!nodes || nodes->empty() || !nodes->is_array_of_tables())
    throw IoError(file, "holds no [[node]] section; each node needs one");
  if (nodes->size() > Dag::kMostNodes)
    throw IoError(
        file, fmt::format("has {} nodes, at most {} are allowed", nodes->size(), Dag::kMostNodes));
  std::vector<Section> sections;
  for (const auto& node : *nodes) sections.push_back({file, *node.as_table()});
  return sections;
}

Dag read_dag(std::vector<Section>& sections) {
  std::vector<DagNode> nodes;
  Numbers numbers;
  for (auto& section : sections) {
    const auto name = read_name(section);
    if (!numbers.emplace(name, numbers.size()).second)
      section.refuse(section.fields, fmt::format("there is already a node '{}'; rename one", name));
    section.name = name;
    check_fields(section);
    nodes.push_back({name, read_states(section)});
  }
  for (std::size_t i = 0; i < sections.size(); ++i)
    nodes[i].parents = read_parents(sections[i], numbers);
  if (const auto wrong = Dag::problem(nodes)) {
    const auto& section = sections[wrong->node];
    throw IoError(section.file,
                  fmt::format("line {}: {}", section.fields.source().begin.line, wrong->text));
  }
  return Dag(std::move(nodes));
}

NetworkFile read_root(const std::string& name, const toml::table& root) {
  auto sections = sections_of(name, root);
  NetworkFile network{name, read_dag(sections), {}};
  for (std::size_t i = 0; i < sections.size(); ++i)
    network.tables.push_back(read_table(sections[i], network.dag, i));
  const auto complete =
      std::ranges::none_of(network.tables, [](const auto& table) { return table.empty(); });
  if (!complete) return network;
  if (const auto wrong = BayesNet::problem(network.dag, network.tables))
    throw IoError(name, fmt::format("line {}: {}", sections[wrong->node].fields.source().begin.line,
                                    wrong->text));
  return network;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string quoted(const std::vector<std::string>& texts) {
  std::vector<std::string> parts;
  for (const auto& text : texts) parts.push_back(quoted(text));
  return "[" + join(parts, ", ") + "]";
}

std::string node_text(const BayesNet& net, std::size_t i) {
  const auto& dag = net.dag();
  const auto& node = dag.node(i);
  auto text =
      fmt::format("[[node]]\nname = {}\nstates = {}\n", quoted(node.name), quoted(node.states));
  std::vector<std::string> parents;
  for (const auto parent : node.parents) parents.push_back(dag.node(parent).name);
  if (!parents.empty()) text += fmt::format("parents = {}\n", quoted(parents));
  text += "table = [\n";
  for (std::size_t row = 0; row < dag.rows(i); ++row) {
    const auto* p = net.table(i).data() + row * dag.states(i);
    const auto name = dag.row_name(i, row);
    text += fmt::format("  [{}],{}{}\n", fmt::join(p, p + dag.states(i), ", "),
                        name.empty() ? "" : "  # ", name);
  }
  return text + "]\n";
}

}  // namespace

BayesNet NetworkFile::law() const {
  for (std::size_t i = 0; i < tables.size(); ++i)
    if (tables[i].empty())
      throw IoError(name, fmt::format("node '{}' has no table; give one, or fit all of them with "
                                      "--fit FILE.csv -o FILE.toml",
                                      dag.node(i).name));
  return {dag, tables};
}

NetworkFile parse_network(const std::string& name, const std::string& text) {
  refuse_deep_keys(name, text);
  try {
    return read_root(name, toml::parse(text, name));
  } catch (const toml::parse_error& error) {
    throw IoError(name, fmt::format("line {}, column {}: {}", error.source().begin.line,
                                    error.source().begin.column, error.description()));
  }
}

NetworkFile read_network(const std::filesystem::path& path) {
  return parse_network(path.string(), read_text_file(path, kLargestFile));
}

std::string to_toml(const BayesNet& net) {
  std::vector<std::string> sections;
  for (std::size_t i = 0; i < net.dag().size(); ++i) sections.push_back(node_text(net, i));
  return join(sections, "\n");
}

void write_network(const std::filesystem::path& path, const BayesNet& net) {
  const auto text = to_toml(net);
  if (text.size() > kLargestFile)
    throw IoError(path.string(), fmt::format("the network takes {} bytes, a file holds at most {}",
                                             text.size(), kLargestFile));
  write_file_atomically(path, text);
}

}  // namespace kiln
