#pragma once

#include <span>
#include <vector>

#include "kiln/core/philox.h"
#include "kiln/graphical/dag.h"
#include "kiln/graphical/factor.h"

namespace kiln {

/// A Bayesian network over discrete variables. Pearl 1988; Koller & Friedman 2009, chapter 3:
///
///     p(x) = prod_i p(x_i | x_parents(i))
///
/// Everything is float64 and exact.  States are numbers from 0; logarithms are natural.
/// Differs from the textbook: nothing.
class BayesNet {
 public:
  /// tables[i] has a row for each setting of i's parents (the last parent changing fastest) and in
  /// it one probability per state.  Rows that sum to 1 within 1e-6 are divided by their sum.
  /// Throws ConfigError with the text of `problem`.
  BayesNet(Dag dag, std::vector<std::vector<double>> tables);

  /// The first thing that is wrong: a table of another size, a number that is no probability, a
  /// row that does not sum to 1.
  static std::optional<NodeProblem> problem(const Dag& dag,
                                            const std::vector<std::vector<double>>& tables);

  const Dag& dag() const { return dag_; }
  const std::vector<double>& table(std::size_t i) const { return tables_[i]; }

  /// log p(x); -inf where p(x) = 0.  Throws ShapeError unless x has one known state per node.
  double log_prob(std::span<const std::size_t> x) const;

  /// Ancestral sampling: each node from its row, after its parents.  One uniform per node.
  std::vector<std::size_t> sample(Philox& random) const;

  /// p(x_i | x_parents(i)) over the parents, then i.
  Factor factor(std::size_t i) const;

 private:
  std::size_t row(std::size_t i, std::span<const std::size_t> x) const;

  Dag dag_;
  std::vector<std::vector<double>> tables_;
};

}  // namespace kiln
