#pragma once

#include <utility>
#include <vector>

#include "kiln/graphical/bayes_net.h"

namespace kiln {

/// The question p(targets | evidence).
struct NetworkQuery {
  std::vector<std::size_t> targets;
  std::vector<std::pair<std::size_t, std::size_t>> evidence = {};  ///< (node, state)
};

struct NetworkAnswer {
  Factor law;                           ///< p(targets | evidence), in the order of the targets.
  double log_evidence = 0;              ///< log p(evidence), nats; 0 without evidence.
  std::vector<std::size_t> order;       ///< Nodes that were summed out, in this order.
  std::vector<std::size_t> not_needed;  ///< Nodes below everything asked and known: they sum to 1.
  std::uint64_t largest_factor = 1;     ///< Numbers in the largest table on the way.
};

/// Answers by variable elimination: O(n q^(w+1)) for q states and the order's width w.
/// Koller & Friedman 2009, section 9.3; the order is greedy, fewest fill-in edges first (min-fill,
/// section 9.4.3.2), ties by the smaller table.
///
/// Throws ConfigError for a node that is asked or known twice or both, evidence of probability
/// zero, and when the order needs a table of more than kLargestFactor numbers.
NetworkAnswer answer(const BayesNet& net, const NetworkQuery& query);

}  // namespace kiln
