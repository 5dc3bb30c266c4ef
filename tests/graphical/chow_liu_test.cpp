// needs: base
#include "kiln/graphical/chow_liu.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "kiln/graphical/counting.h"
#include "tests/graphical/random_network.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

using Edge = std::pair<std::size_t, std::size_t>;

std::set<Edge> edges_of(const Dag& dag) {
  std::set<Edge> edges;
  for (std::size_t i = 0; i < dag.size(); ++i)
    for (const auto parent : dag.node(i).parents) edges.insert(std::minmax(i, parent));
  return edges;
}

// The tree of a Pruefer sequence: n - 2 numbers below n name each labelled tree once.
std::vector<Edge> tree_of(const std::vector<std::size_t>& sequence) {
  const auto n = sequence.size() + 2;
  std::vector<std::size_t> degree(n, 1);
  for (const auto v : sequence) ++degree[v];
  std::vector<Edge> edges;
  for (const auto v : sequence) {
    const auto leaf =
        static_cast<std::size_t>(std::find(degree.begin(), degree.end(), 1) - degree.begin());
    edges.emplace_back(leaf, v);
    --degree[leaf], --degree[v];
  }
  const auto a = std::find(degree.begin(), degree.end(), 1);
  const auto b = std::find(a + 1, degree.end(), 1);
  edges.emplace_back(a - degree.begin(), b - degree.begin());
  return edges;
}

// Arrows away from node 0.
Dag directed(const std::vector<DagNode>& columns, const std::vector<Edge>& edges) {
  auto nodes = columns;
  std::vector<std::size_t> open{0};
  std::vector<bool> seen(nodes.size(), false);
  while (!open.empty()) {
    const auto node = open.back();
    open.pop_back();
    seen[node] = true;
    for (const auto& [a, b] : edges) {
      if (a != node && b != node) continue;
      const auto other = a == node ? b : a;
      if (seen[other]) continue;
      nodes[other].parents = {node};
      open.push_back(other);
    }
  }
  return Dag(nodes);
}

TEST(ChowLiu, NoLabelledTreeIsLikelier) {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    Philox random(derive_key(7, "trees", seed));
    const std::size_t n = 2 + seed % 4;
    std::vector<DagNode> nodes;
    std::vector<std::size_t> before;
    for (std::size_t i = 0; i < n; ++i) {  // a law that is no tree
      nodes.push_back({"N" + std::to_string(i), numbered_states(2 + i % 2), before});
      before.push_back(i);
      if (before.size() > 3) before.erase(before.begin());
    }
    NamedColumns table{nodes, drawn(random_law(Dag(nodes), random), 200, random)};
    for (auto& node : table.nodes) node.parents.clear();
    const auto found = chow_liu(table, seed % n);
    const auto best = log_likelihood(fit_by_counting(found.dag, table.data, 0), table.data);
    std::size_t trees = 0;
    double brute_force = -INFINITY;
    for (std::vector<std::size_t> sequence(n - 2, 0);;) {
      const auto dag = directed(table.nodes, tree_of(sequence));
      EXPECT_EQ(edges_of(dag).size(), n - 1);
      brute_force =
          std::max(brute_force, log_likelihood(fit_by_counting(dag, table.data, 0), table.data));
      ++trees;
      std::size_t i = 0;
      while (i < sequence.size() && ++sequence[i] == n) sequence[i++] = 0;
      if (i == sequence.size()) break;
    }
    EXPECT_EQ(trees, n == 5 ? 125u : n == 4 ? 16u : n == 3 ? 3u : 1u);  // Cayley: n^(n-2)
    EXPECT_NEAR(best, brute_force, 1e-9);
    EXPECT_EQ(edges_of(found.dag).size(), n - 1);
  }
}

TEST(ChowLiu, FindsTheTreeThatMadeTheData) {
  //      0          each child copies its parent with probability 0.8
  //     1 2
  //    3  4 5
  const std::vector<std::vector<std::size_t>> parents{{}, {0}, {0}, {1}, {2}, {2}};
  const auto dag = binary_dag(parents);
  std::vector<std::vector<double>> tables{{0.5, 0.5}};
  for (int i = 0; i < 5; ++i) tables.push_back({0.8, 0.2, 0.2, 0.8});
  Philox random(8);
  NamedColumns table{binary_dag({{}, {}, {}, {}, {}, {}}).nodes(),
                     drawn(BayesNet(dag, tables), 2000, random)};
  for (std::size_t root = 0; root < 6; ++root) {
    const auto found = chow_liu(table, root);
    EXPECT_EQ(edges_of(found.dag), edges_of(dag));
    EXPECT_TRUE(found.dag.node(root).parents.empty());
    EXPECT_EQ(found.information[root], 0);
  }
  // I = ln 2 - H(0.2), within 4 standard errors of ln(p(x, y) / p(x) p(y)), whose sd is 0.55.
  const double exact = std::log(2.0) + 0.8 * std::log(0.8) + 0.2 * std::log(0.2);
  for (std::size_t i = 1; i < 6; ++i)
    EXPECT_NEAR(chow_liu(table, 0).information[i], exact, 4 * 0.56 / std::sqrt(2000.0));
}

TEST(ChowLiu, OneColumnIsATree) {
  const NamedColumns table{{{"A", {"0", "1"}}}, {"t", {{0, 1, 1}}}};
  EXPECT_EQ(chow_liu(table, 0).dag.size(), 1u);
  EXPECT_EQ(message_of<ConfigError>([&] { chow_liu(table, 1); }),
            "[bayesnet] the root must be a column from 0 to 0, got 1");
}

}  // namespace
}  // namespace kiln
