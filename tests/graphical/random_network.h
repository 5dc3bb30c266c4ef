#pragma once

#include <cmath>
#include <map>
#include <vector>

#include "kiln/core/philox.h"
#include "kiln/graphical/bayes_net.h"
#include "kiln/graphical/discrete_columns.h"

namespace kiln {

using Assignment = std::vector<std::size_t>;

inline std::vector<std::string> numbered_states(std::size_t count) {
  std::vector<std::string> states;
  for (std::size_t i = 0; i < count; ++i) states.push_back("s" + std::to_string(i));
  return states;
}

/// A graph with 1 to `most_nodes` nodes of 2 to `most_states` states and at most 3 parents, in an
/// order that says nothing about the arrows.
inline Dag random_dag(Philox& random, std::size_t most_nodes, std::size_t most_states) {
  const auto size = 1 + static_cast<std::size_t>(random.below(most_nodes));
  std::vector<std::size_t> place(size);  // of the k-th node in an order that the arrows follow
  const auto key = std::uint64_t{random.bits()};
  for (std::size_t k = 0; k < size; ++k)
    place[k] = static_cast<std::size_t>(permuted_index(k, size, key));
  std::vector<DagNode> nodes(size);
  for (std::size_t k = 0; k < size; ++k) {
    auto& node = nodes[place[k]];
    node.name = "N" + std::to_string(place[k]);
    node.states = numbered_states(2 + static_cast<std::size_t>(random.below(most_states - 1)));
    for (std::size_t j = 0; j < k && node.parents.size() < 3; ++j)
      if (random.bernoulli(0.35)) node.parents.push_back(place[j]);
  }
  return Dag(std::move(nodes));
}

/// Tables without zeros whose numbers satisfy no accidental equations.
inline BayesNet random_law(Dag dag, Philox& random) {
  std::vector<std::vector<double>> tables;
  for (std::size_t i = 0; i < dag.size(); ++i) {
    std::vector<double> table;
    for (std::size_t row = 0; row < dag.rows(i); ++row) {
      std::vector<double> p(dag.states(i));
      double sum = 0;
      for (auto& value : p) sum += value = 0.05 + random.uniform();
      for (const auto value : p) table.push_back(value / sum);
    }
    tables.push_back(std::move(table));
  }
  return {std::move(dag), std::move(tables)};
}

/// Calls visit(x, p(x)) for every x, with p(x) multiplied up from the tables themselves.
template <class Visit>
void enumerate(const BayesNet& net, const Visit& visit) {
  const auto& dag = net.dag();
  Assignment x(dag.size(), 0);
  for (;;) {
    double p = 1;
    for (std::size_t i = 0; i < dag.size(); ++i) {
      std::size_t row = 0;
      for (const auto parent : dag.node(i).parents) row = row * dag.states(parent) + x[parent];
      p *= net.table(i)[row * dag.states(i) + x[i]];
    }
    visit(x, p);
    std::size_t i = 0;
    while (i < x.size() && ++x[i] == dag.states(i)) x[i++] = 0;
    if (i == x.size()) return;
  }
}

inline Assignment part(const Assignment& x, const std::vector<std::size_t>& nodes) {
  Assignment values;
  for (const auto node : nodes) values.push_back(x[node]);
  return values;
}

/// I(A; B | C) of a law, nats, summed over its whole table:
/// sum p(a, b, c) ln(p(a, b, c) p(c) / (p(a, c) p(b, c))).
inline double information(const BayesNet& net, const std::vector<std::size_t>& a,
                          const std::vector<std::size_t>& b, const std::vector<std::size_t>& c) {
  std::map<std::vector<Assignment>, double> abc, ac, bc, only_c;
  enumerate(net, [&](const Assignment& x, double p) {
    const auto xa = part(x, a), xb = part(x, b), xc = part(x, c);
    abc[{xa, xb, xc}] += p, ac[{xa, xc}] += p, bc[{xb, xc}] += p, only_c[{xc}] += p;
  });
  double sum = 0;
  for (const auto& [key, p] : abc)
    if (p > 0)
      sum += p * std::log(p * only_c[{key[2]}] / (ac[{key[0], key[2]}] * bc[{key[1], key[2]}]));
  return sum;
}

/// Rows drawn from a law, in memory.
inline DiscreteColumns drawn(const BayesNet& net, std::size_t rows, Philox& random) {
  DiscreteColumns data{"drawn", std::vector<std::vector<std::uint16_t>>(net.dag().size())};
  for (std::size_t n = 0; n < rows; ++n) {
    const auto x = net.sample(random);
    for (std::size_t i = 0; i < x.size(); ++i)
      data.columns[i].push_back(static_cast<std::uint16_t>(x[i]));
  }
  return data;
}

/// A graph of binary nodes A, B, C, ... with the given parents.
inline Dag binary_dag(const std::vector<std::vector<std::size_t>>& parents) {
  std::vector<DagNode> nodes;
  for (std::size_t i = 0; i < parents.size(); ++i)
    nodes.push_back({std::string(1, static_cast<char>('A' + i)), {"0", "1"}, parents[i]});
  return Dag(std::move(nodes));
}

}  // namespace kiln
