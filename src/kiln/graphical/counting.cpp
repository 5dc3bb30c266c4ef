#include "kiln/graphical/counting.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "kiln/core/error.h"

namespace kiln {
namespace {

// N(v, u) of node i, with u changing slowest.
std::vector<double> counts(const Dag& dag, std::size_t i, const DiscreteColumns& data) {
  const auto states = dag.states(i);
  std::vector<double> counts(dag.rows(i) * states, 0.0);
  for (std::size_t n = 0; n < data.rows(); ++n) {
    std::size_t row = 0;
    for (const auto parent : dag.node(i).parents)
      row = row * dag.states(parent) + data.columns[parent][n];
    ++counts[row * states + data.columns[i][n]];
  }
  return counts;
}

[[noreturn]] void refuse_unseen(const Dag& dag, std::size_t i, std::size_t row,
                                const DiscreteColumns& data) {
  throw IoError(data.name,
                fmt::format("no row has {}, so nothing is known about '{}' there; give --prior 1, "
                            "or more data",
                            dag.row_name(i, row), dag.node(i).name));
}

}  // namespace

BayesNet fit_by_counting(const Dag& dag, const DiscreteColumns& data, double prior) {
  if (!(prior >= 0 && std::isfinite(prior)))
    throw ConfigError("bayesnet", fmt::format("the prior must be 0 or more, got {}", prior));
  KILN_ASSERT(data.columns.size() == dag.size() && data.rows() > 0);
  std::vector<std::vector<double>> tables;
  for (std::size_t i = 0; i < dag.size(); ++i) {
    auto table = counts(dag, i, data);
    const auto states = dag.states(i);
    for (std::size_t row = 0; row < dag.rows(i); ++row) {
      const auto at = table.begin() + static_cast<std::ptrdiff_t>(row * states);
      const auto end = at + static_cast<std::ptrdiff_t>(states);
      const double seen = std::accumulate(at, end, 0.0);
      if (seen + prior == 0) refuse_unseen(dag, i, row, data);
      for (auto value = at; value != end; ++value)
        *value = (*value + prior) / (seen + prior * static_cast<double>(states));
    }
    tables.push_back(std::move(table));
  }
  return {dag, std::move(tables)};
}

double log_likelihood(const BayesNet& net, const DiscreteColumns& data) {
  KILN_ASSERT(data.columns.size() == net.dag().size());
  std::vector<std::size_t> x(net.dag().size());
  double sum = 0;
  for (std::size_t n = 0; n < data.rows(); ++n) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = data.columns[i][n];
    sum += net.log_prob(x);
  }
  return sum;
}

double bic(double log_likelihood, const Dag& dag, std::size_t rows) {
  return log_likelihood -
         static_cast<double>(dag.parameters()) / 2 * std::log(static_cast<double>(rows));
}

}  // namespace kiln
