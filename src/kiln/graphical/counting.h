#pragma once

#include "kiln/graphical/bayes_net.h"
#include "kiln/graphical/discrete_columns.h"

namespace kiln {

/// The tables that a graph takes from data, each row by itself (Koller & Friedman 2009, 17.2 and
/// 17.4): with N(v, u) rows where node i is v and its parents are u, and a >= 0 from the prior
/// Dirichlet(a, ..., a),
///
///     p(x_i = v | u) = (N(v, u) + a) / (N(u) + a q_i).
///
/// a = 0 is maximum likelihood, a = 1 Laplace's rule.  `data` has a column for each node, in order.
/// Throws ConfigError for a prior that is negative or not finite; IoError if a = 0 and some
/// setting of a node's parents is never seen, naming it.
BayesNet fit_by_counting(const Dag& dag, const DiscreteColumns& data, double prior);

/// sum over the rows of log p(row), nats.
double log_likelihood(const BayesNet& net, const DiscreteColumns& data);

/// Schwarz's score of a graph, log L - (free parameters / 2) ln(rows): higher is better.
double bic(double log_likelihood, const Dag& dag, std::size_t rows);

}  // namespace kiln
