#include "kiln/graphical/bayes_net.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "kiln/core/error.h"

namespace kiln {
namespace {

constexpr double kRowTolerance = 1e-6;    // what hand-written rows may be away from 1
constexpr double kRoundingError = 1e-12;  // of a sum of 1024 probabilities

// " of Rain=yes" for the messages; nothing for a node without parents.
std::string of_row(const Dag& dag, std::size_t i, std::size_t row) {
  const auto name = dag.row_name(i, row);
  return name.empty() ? "" : " of " + name;
}

std::string row_problem(const Dag& dag, std::size_t i, std::size_t row,
                        std::span<const double> probabilities) {
  for (std::size_t state = 0; state < probabilities.size(); ++state)
    if (!(probabilities[state] >= 0 && probabilities[state] <= 1))
      return fmt::format("in the row{}, {} has the probability {}; it must lie in [0, 1]",
                         of_row(dag, i, row), dag.node(i).states[state], probabilities[state]);
  const double sum = std::accumulate(probabilities.begin(), probabilities.end(), 0.0);
  if (std::abs(sum - 1) <= kRowTolerance) return "";
  return fmt::format("the row{} sums to {:.8g}; its {} probabilities must sum to 1",
                     of_row(dag, i, row), sum, probabilities.size());
}

}  // namespace

std::optional<NodeProblem> BayesNet::problem(const Dag& dag,
                                             const std::vector<std::vector<double>>& tables) {
  if (tables.size() != dag.size())
    return NodeProblem{
        0, fmt::format("{} nodes need as many tables, got {}", dag.size(), tables.size())};
  for (std::size_t i = 0; i < dag.size(); ++i) {
    const auto states = dag.states(i), rows = dag.rows(i);
    if (tables[i].size() != rows * states)
      return NodeProblem{
          i, fmt::format("node '{}': its table needs {} rows of {} numbers, {} in "
                         "all, got {}",
                         dag.node(i).name, rows, states, rows * states, tables[i].size())};
    for (std::size_t row = 0; row < rows; ++row)
      if (const auto wrong =
              row_problem(dag, i, row, std::span(tables[i]).subspan(row * states, states));
          !wrong.empty())
        return NodeProblem{i, fmt::format("node '{}': {}", dag.node(i).name, wrong)};
  }
  return std::nullopt;
}

BayesNet::BayesNet(Dag dag, std::vector<std::vector<double>> tables)
    : dag_(std::move(dag)), tables_(std::move(tables)) {
  if (const auto wrong = problem(dag_, tables_)) throw ConfigError("bayesnet", wrong->text);
  for (std::size_t i = 0; i < dag_.size(); ++i)
    for (auto at = tables_[i].begin(); at != tables_[i].end();) {
      const auto end = at + static_cast<std::ptrdiff_t>(dag_.states(i));
      const double sum = std::accumulate(at, end, 0.0);
      const double divisor = std::abs(sum - 1) > kRoundingError ? sum : 1.0;
      for (; at != end; ++at) *at /= divisor;
    }
}

std::size_t BayesNet::row(std::size_t i, std::span<const std::size_t> x) const {
  std::size_t row = 0;
  for (const auto parent : dag_.node(i).parents) row = row * dag_.states(parent) + x[parent];
  return row;
}

// log p(x) = sum_i log p(x_i | x_parents(i)).
double BayesNet::log_prob(std::span<const std::size_t> x) const {
  if (x.size() != dag_.size())
    throw ShapeError("bayesnet.log_prob", fmt::format("x needs one state for each of {} nodes, got "
                                                      "{}",
                                                      dag_.size(), x.size()));
  for (std::size_t i = 0; i < x.size(); ++i)
    if (x[i] >= dag_.states(i))
      throw ShapeError("bayesnet.log_prob",
                       fmt::format("'{}' has states 0 to {}, got {}", dag_.node(i).name,
                                   dag_.states(i) - 1, x[i]));
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    sum += std::log(tables_[i][row(i, x) * dag_.states(i) + x[i]]);
  return sum;
}

// x_i is the first state where the row's running sum exceeds u.  Rounding may leave that sum below
// u: then it is the last state that has a probability.
std::vector<std::size_t> BayesNet::sample(Philox& random) const {
  std::vector<std::size_t> x(dag_.size(), 0);
  for (const auto i : dag_.order()) {
    const double* p = tables_[i].data() + row(i, x) * dag_.states(i);
    const double u = random.uniform();
    double below = 0;
    std::size_t chosen = 0;
    for (std::size_t state = 0; state < dag_.states(i) && below <= u; ++state) {
      below += p[state];
      if (p[state] > 0) chosen = state;
    }
    x[i] = chosen;
  }
  return x;
}

Factor BayesNet::factor(std::size_t i) const {
  Factor f{dag_.node(i).parents, {}, tables_[i]};
  f.variables.push_back(i);
  for (const auto variable : f.variables) f.sizes.push_back(dag_.states(variable));
  return f;
}

}  // namespace kiln
