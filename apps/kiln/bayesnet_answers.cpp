#include "apps/kiln/bayesnet_answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "kiln/core/text.h"

namespace kiln::program {
namespace {

constexpr std::size_t kMostRows = 64;  // of a table for people

std::string listed(const Dag& dag, const std::vector<std::size_t>& nodes) {
  return nodes.empty() ? "none" : join(node_names(dag, nodes), ", ");
}

std::string evidence_text(const Dag& dag, const NetworkQuery& query) {
  std::vector<std::string> parts;
  for (const auto& [node, state] : query.evidence)
    parts.push_back(fmt::format("{}={}", dag.node(node).name, dag.node(node).states[state]));
  return join(parts, ", ");
}

std::size_t widest(const std::vector<std::string>& texts, std::size_t least) {
  for (const auto& text : texts) least = std::max(least, text.size());
  return least;
}

// The law's rows, one state per target and the probability.
std::string law_text(const Dag& dag, const Factor& law) {
  std::vector<std::size_t> widths;
  std::string text = "\n";
  for (const auto node : law.variables) {
    widths.push_back(widest(dag.node(node).states, dag.node(node).name.size()));
    text += fmt::format("  {:{}}", dag.node(node).name, widths.back());
  }
  text += "  probability";
  for (std::size_t row = 0; row < std::min(law.values.size(), kMostRows); ++row) {
    std::string line;
    auto rest = row;
    for (auto k = widths.size(); k-- > 0; rest /= law.sizes[k])
      line = fmt::format("  {:{}}", dag.node(law.variables[k]).states[rest % law.sizes[k]],
                         widths[k]) +
             line;
    text += fmt::format("\n{}  {:11.6f}", line, law.values[row]);
  }
  if (law.values.size() > kMostRows)
    text += fmt::format("\n  ... and {} more rows; --json gives all of them",
                        law.values.size() - kMostRows);
  return text;
}

}  // namespace

std::vector<std::string> node_names(const Dag& dag, const std::vector<std::size_t>& nodes) {
  std::vector<std::string> list;
  for (const auto node : nodes) list.push_back(dag.node(node).name);
  return list;
}

Said say_graph(const std::string& name, const Dag& dag) {
  std::size_t arrows = 0, width = 4;
  for (const auto& node : dag.nodes()) {
    arrows += node.parents.size();
    width = std::max(width, node.name.size());
  }
  Said said;
  said.text = fmt::format("{}: {} nodes, {} arrows, {} free parameters", name, dag.size(), arrows,
                          dag.parameters());
  said.text += fmt::format("\n  {:{}}  parameters  states and parents", "node", width);
  auto nodes = nlohmann::json::array();
  for (std::size_t i = 0; i < dag.size(); ++i) {
    const auto& node = dag.node(i);
    const auto parents = node_names(dag, node.parents);
    const auto count = (dag.states(i) - 1) * dag.rows(i);
    auto states = node.states;
    if (states.size() > 8) states.resize(8), states.push_back("...");
    said.text += fmt::format("\n  {:{}}  {:10}  {}{}", node.name, width, count, join(states, ", "),
                             parents.empty() ? "" : "  <- " + join(parents, ", "));
    nodes.push_back({{"name", node.name},
                     {"states", node.states},
                     {"parents", parents},
                     {"parameters", count}});
  }
  said.json = {{"nodes", nodes}, {"arrows", arrows}, {"parameters", dag.parameters()}};
  return said;
}

Said say_answer(const Dag& dag, const NetworkQuery& query, const NetworkAnswer& answer) {
  const auto evidence = evidence_text(dag, query);
  Said said;
  said.text = fmt::format("p({}{}{})", join(node_names(dag, query.targets), ", "),
                          evidence.empty() ? "" : " | ", evidence) +
              law_text(dag, answer.law);
  if (!evidence.empty())
    said.text += fmt::format("\n  p({}) = {:.6g}, {:.6f} nats", evidence,
                             std::exp(answer.log_evidence), answer.log_evidence);
  said.text += fmt::format("\n  summed out, min-fill: {}", listed(dag, answer.order));
  if (!answer.not_needed.empty())
    said.text += fmt::format("\n  not needed: {}", listed(dag, answer.not_needed));
  said.text += fmt::format("\n  largest table: {} numbers", answer.largest_factor);
  auto states = nlohmann::json::array();
  for (const auto node : query.targets) states.push_back(dag.node(node).states);
  auto given = nlohmann::json::object();
  for (const auto& [node, state] : query.evidence)
    given[dag.node(node).name] = dag.node(node).states[state];
  said.json = {{"targets", node_names(dag, query.targets)},
               {"states", states},
               {"evidence", given},
               {"probabilities", answer.law.values},
               {"log_evidence", answer.log_evidence},
               {"order", node_names(dag, answer.order)},
               {"not_needed", node_names(dag, answer.not_needed)},
               {"largest_table", answer.largest_factor}};
  return said;
}

Said say_tree(const ChowLiuTree& tree) {
  Said said;
  auto edges = nlohmann::json::array();
  std::string lines, root;
  for (const auto i : tree.dag.order()) {
    const auto& node = tree.dag.node(i);
    if (node.parents.empty()) {
      root = node.name;
      continue;
    }
    const auto& parent = tree.dag.node(node.parents[0]).name;
    lines += fmt::format("\n  {} -> {}: {:.6f} nats", parent, node.name, tree.information[i]);
    edges.push_back({{"from", parent}, {"to", node.name}, {"information", tree.information[i]}});
  }
  said.text = fmt::format("Chow-Liu tree of {} columns, root {}", tree.dag.size(), root) + lines;
  said.json = {{"root", root}, {"edges", edges}};
  return said;
}

}  // namespace kiln::program
