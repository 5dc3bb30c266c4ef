#include "kiln/graphical/dag.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <queue>
#include <unordered_map>

#include "kiln/core/error.h"
#include "kiln/core/text.h"
#include "kiln/data/csv_text.h"
#include "kiln/graphical/factor.h"
#include "kiln/io/svg.h"

namespace kiln {
namespace {

using Children = std::vector<std::vector<std::size_t>>;

Children children_of(const std::vector<DagNode>& nodes) {
  Children children(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (const auto parent : nodes[i].parents) children[parent].push_back(i);
  return children;
}

// Kahn's algorithm, the smallest number first; nodes on a circle or behind one are left out.
std::vector<std::size_t> parents_first(const std::vector<DagNode>& nodes,
                                       const Children& children) {
  std::vector<std::size_t> waiting(nodes.size()), order;
  std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if ((waiting[i] = nodes[i].parents.size()) == 0) ready.push(i);
  while (!ready.empty()) {
    const auto node = ready.top();
    ready.pop();
    order.push_back(node);
    for (const auto child : children[node])
      if (--waiting[child] == 0) ready.push(child);
  }
  return order;
}

// Walks from parent to parent, among the nodes that no order has, until a node comes again.
std::optional<NodeProblem> circle_in(const std::vector<DagNode>& nodes) {
  const auto order = parents_first(nodes, children_of(nodes));
  if (order.size() == nodes.size()) return std::nullopt;
  std::vector<bool> ordered(nodes.size(), false);
  for (const auto node : order) ordered[node] = true;
  auto node = static_cast<std::size_t>(std::ranges::find(ordered, false) - ordered.begin());
  std::vector<std::size_t> walk;
  while (std::ranges::find(walk, node) == walk.end()) {
    walk.push_back(node);
    node = *std::ranges::find_if(nodes[node].parents, [&](auto p) { return !ordered[p]; });
  }
  std::vector<std::string> circle{nodes[node].name};
  for (auto at = walk.rbegin(); *at != node; ++at) circle.push_back(nodes[*at].name);
  circle.push_back(nodes[node].name);
  return NodeProblem{node, fmt::format("the arrows go in a circle: {}; take one of them away",
                                       join(circle, " -> "))};
}

std::string states_problem(const DagNode& node) {
  if (node.states.empty()) return "has no states; give states = [\"no\", \"yes\"]";
  if (node.states.size() > Dag::kMostStates)
    return fmt::format("has {} states, at most {} are allowed", node.states.size(),
                       Dag::kMostStates);
  std::unordered_map<std::string_view, int> seen;
  for (const auto& state : node.states) {
    if (const auto wrong = name_problem(state); !wrong.empty())
      return fmt::format("the state {} {}", shown(state), wrong);
    if (++seen[state] > 1) return fmt::format("has the state '{}' twice", state);
  }
  return "";
}

std::string parents_problem(const std::vector<DagNode>& nodes, const DagNode& node) {
  std::vector<std::size_t> sizes{node.states.size()};
  std::string product = fmt::format("{} states", node.states.size());
  for (std::size_t k = 0; k < node.parents.size(); ++k) {
    const auto parent = node.parents[k];
    if (parent >= nodes.size()) return fmt::format("parent number {} is no node", parent);
    if (std::find(node.parents.begin(), node.parents.begin() + static_cast<std::ptrdiff_t>(k),
                  parent) != node.parents.begin() + static_cast<std::ptrdiff_t>(k))
      return fmt::format("names the parent '{}' twice", nodes[parent].name);
    sizes.push_back(nodes[parent].states.size());
    if (k < 8) product += fmt::format(" x {} of {}", sizes.back(), nodes[parent].name);
  }
  if (table_size(sizes, Dag::kLargestTable)) return "";
  return fmt::format(
      "its table would have more than {} numbers: {}{}; give it fewer parents or fewer states",
      Dag::kLargestTable, product, node.parents.size() > 8 ? " x ..." : "");
}

}  // namespace

std::string name_problem(std::string_view name) {
  constexpr std::size_t kLongest = 64;
  if (name.empty()) return "is empty";
  if (name.size() > kLongest) return fmt::format("is longer than {} bytes", kLongest);
  if (name.front() == ' ' || name.back() == ' ') return "begins or ends with a blank";
  for (const char c : name)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F ||
        std::string_view(",;|=\"").find(c) != std::string_view::npos)
      return "may not hold , ; | = \" or control characters, which queries and tables need";
  if (escape_xml(name).find("\xef\xbf\xbd") != std::string::npos)  // what it writes for such bytes
    return "holds bytes that are no UTF-8";
  return "";
}

std::optional<NodeProblem> Dag::problem(const std::vector<DagNode>& nodes) {
  if (nodes.empty()) return NodeProblem{0, "there are no nodes"};
  if (nodes.size() > kMostNodes)
    return NodeProblem{kMostNodes, fmt::format("there are {} nodes, at most {} are allowed",
                                               nodes.size(), kMostNodes)};
  std::unordered_map<std::string_view, int> names;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (const auto wrong = name_problem(nodes[i].name); !wrong.empty())
      return NodeProblem{i, fmt::format("the name {} {}", shown(nodes[i].name), wrong)};
    if (++names[nodes[i].name] > 1)
      return NodeProblem{i, fmt::format("there is already a node '{}'; rename one", nodes[i].name)};
    if (const auto wrong = states_problem(nodes[i]); !wrong.empty())
      return NodeProblem{i, fmt::format("node '{}': {}", nodes[i].name, wrong)};
  }
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (const auto wrong = parents_problem(nodes, nodes[i]); !wrong.empty())
      return NodeProblem{i, fmt::format("node '{}': {}", nodes[i].name, wrong)};
  return circle_in(nodes);
}

Dag::Dag(std::vector<DagNode> nodes) : nodes_(std::move(nodes)) {
  if (const auto wrong = problem(nodes_)) throw ConfigError("bayesnet", wrong->text);
  children_ = children_of(nodes_);
  order_ = parents_first(nodes_, children_);
}

std::size_t Dag::rows(std::size_t i) const {
  std::size_t rows = 1;
  for (const auto parent : nodes_[i].parents) rows *= states(parent);
  return rows;
}

std::string Dag::row_name(std::size_t i, std::size_t row) const {
  std::vector<std::string> parts;
  for (auto at = nodes_[i].parents.rbegin(); at != nodes_[i].parents.rend(); ++at) {
    const auto& parent = nodes_[*at];
    parts.push_back(fmt::format("{}={}", parent.name, parent.states[row % parent.states.size()]));
    row /= parent.states.size();
  }
  std::ranges::reverse(parts);
  return join(parts, ", ");
}

std::uint64_t Dag::parameters() const {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < size(); ++i) count += (states(i) - 1) * rows(i);
  return count;
}

std::vector<bool> Dag::ancestors(const std::vector<std::size_t>& nodes) const {
  std::vector<bool> found(size(), false);
  auto open = nodes;
  while (!open.empty()) {
    const auto node = open.back();
    open.pop_back();
    if (found[node]) continue;
    found[node] = true;
    open.insert(open.end(), nodes_[node].parents.begin(), nodes_[node].parents.end());
  }
  return found;
}

std::size_t Dag::index_of(std::string_view name) const {
  const auto found = std::ranges::find(nodes_, name, &DagNode::name);
  if (found != nodes_.end()) return static_cast<std::size_t>(found - nodes_.begin());
  std::vector<std::string> names;
  for (const auto& node : nodes_) names.push_back(node.name);
  const auto hint = did_you_mean(name, names);
  if (names.size() > 20) names.resize(20), names.push_back("...");
  throw ConfigError("bayesnet", fmt::format("no node '{}'{} Nodes: {}", name,
                                            hint.empty() ? "." : hint, join(names, ", ")));
}

std::size_t Dag::state_of(std::size_t i, std::string_view state) const {
  const auto& names = nodes_[i].states;
  const auto found = std::ranges::find(names, state);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  const auto number = parse_integer(state);
  if (number && *number >= 0 && static_cast<std::size_t>(*number) < names.size())
    return static_cast<std::size_t>(*number);
  auto known = names;
  if (known.size() > 20) known.resize(20), known.push_back("...");
  throw ConfigError("bayesnet",
                    fmt::format("'{}' has no state '{}'. States: {}, or a number from 0 to {}",
                                nodes_[i].name, state, join(known, ", "), names.size() - 1));
}

}  // namespace kiln
