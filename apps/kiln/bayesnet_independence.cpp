#include "apps/kiln/bayesnet_independence.h"

#include <fmt/format.h>

#include <algorithm>

#include "kiln/core/text.h"

namespace kiln::program {
namespace {

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
  return fmt::format(
      "{} and {}{}", join(node_names(dag, query.a), ", "), join(node_names(dag, query.b), ", "),
      query.given.empty() ? "" : " given " + join(node_names(dag, query.given), ", "));
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
  said.json = {{"a", node_names(dag, query.a)},
               {"b", node_names(dag, query.b)},
               {"given", node_names(dag, query.given)},
               {"separated", separation.separated},
               {"path", node_names(dag, separation.path)},
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
  said.json = {{"a", node_names(dag, query.a)},
               {"b", node_names(dag, query.b)},
               {"given", node_names(dag, query.given)},
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

}  // namespace kiln::program
