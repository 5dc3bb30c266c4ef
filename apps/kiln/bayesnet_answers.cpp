#include "apps/kiln/bayesnet_answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "kiln/core/text.h"

namespace kiln::program {
namespace {

constexpr std::size_t kMostRows = 64;  // of a table for people

std::vector<std::string> names(const Dag& dag, const std::vector<std::size_t>& nodes) {
  std::vector<std::string> list;
  for (const auto node : nodes) list.push_back(dag.node(node).name);
  return list;
}

std::string listed(const Dag& dag, const std::vector<std::size_t>& nodes) {
  return nodes.empty() ? "none" : join(names(dag, nodes), ", ");
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

std::string path_text(const Dag& dag, const std::vector<std::size_t>& path) {
  std::string text;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (i > 0) {
      const auto& parents = dag.node(path[i]).parents;
      const bool forward = std::ranges::find(parents, path[i - 1]) != parents.end();
      text += forward ? " -> " : " <- ";
    }
    text += dag.node(path[i]).name;
  }
  return text;
}

std::string meeting_name(Meeting meeting) {
  return meeting == Meeting::chain ? "chain" : meeting == Meeting::fork ? "fork" : "collider";
}

std::string reason(const Dag& dag, const PathNode& node) {
  if (node.meeting != Meeting::collider)
    return fmt::format("{}, {}", meeting_name(node.meeting),
                       node.open ? "not given: open" : "given: blocked");
  if (!node.open) return "collider, neither it nor anything below it is given: blocked";
  return node.opened_by == node.node
             ? "collider, given: open"
             : fmt::format("collider, {} below it is given: open", dag.node(*node.opened_by).name);
}

std::string question_text(const Dag& dag, const SeparationQuery& query) {
  return fmt::format("{} and {}{}", join(names(dag, query.a), ", "),
                     join(names(dag, query.b), ", "),
                     query.given.empty() ? "" : " given " + join(names(dag, query.given), ", "));
}

std::string path_explained(const Dag& dag, const Separation& separation) {
  if (separation.path.empty()) return "\n  no path joins them";
  auto text = fmt::format("\n  {} path: {}",
                          separation.separated ? "every path is blocked; a shortest" : "open",
                          path_text(dag, separation.path));
  for (const auto& node : separation.inner)
    text += fmt::format("\n    {}: {}", dag.node(node.node).name, reason(dag, node));
  return text;
}

}  // namespace

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
    const auto parents = names(dag, node.parents);
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
  said.text = fmt::format("p({}{}{})", join(names(dag, query.targets), ", "),
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
  said.json = {{"targets", names(dag, query.targets)},
               {"states", states},
               {"evidence", given},
               {"probabilities", answer.law.values},
               {"log_evidence", answer.log_evidence},
               {"order", names(dag, answer.order)},
               {"not_needed", names(dag, answer.not_needed)},
               {"largest_table", answer.largest_factor}};
  return said;
}

Said say_separation(const Dag& dag, const SeparationQuery& query, const Separation& separation) {
  Said said;
  said.text = fmt::format("{}: {}{}", question_text(dag, query),
                          separation.separated
                              ? "d-separated, independent in every law of this graph"
                              : "not d-separated, dependent in almost every law of this graph",
                          path_explained(dag, separation));
  auto inner = nlohmann::json::array();
  for (const auto& node : separation.inner)
    inner.push_back({{"node", dag.node(node.node).name},
                     {"meeting", meeting_name(node.meeting)},
                     {"open", node.open}});
  said.json = {{"a", names(dag, query.a)},
               {"b", names(dag, query.b)},
               {"given", names(dag, query.given)},
               {"separated", separation.separated},
               {"path", names(dag, separation.path)},
               {"inner", inner}};
  return said;
}

Said say_g_test(const Dag& dag, const SeparationQuery& query, const GTest& test,
                const Separation& separation) {
  Said said;
  said.text = fmt::format(
      "G-test of {}: {} rows, {} strata\n"
      "  G = {:.6g}, {} degrees of freedom, p = {:.4g}\n"
      "  I = {:.6g} nats; smallest expected count {:.4g}{}\n"
      "  the graph says: {}",
      question_text(dag, query), test.rows, test.strata, test.g, test.degrees, test.p_value,
      test.mutual_information, test.smallest_expected,
      test.smallest_expected < 5 ? ", below 5, so p is rough" : "",
      separation.separated ? "independent" : "dependent");
  said.json = {{"a", names(dag, query.a)},
               {"b", names(dag, query.b)},
               {"given", names(dag, query.given)},
               {"g", test.g},
               {"degrees", test.degrees},
               {"p_value", test.p_value},
               {"mutual_information", test.mutual_information},
               {"rows", test.rows},
               {"strata", test.strata},
               {"smallest_expected", test.smallest_expected},
               {"separated", separation.separated}};
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
