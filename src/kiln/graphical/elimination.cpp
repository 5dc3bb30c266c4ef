#include "kiln/graphical/elimination.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <tuple>

#include "kiln/core/error.h"
#include "kiln/core/text.h"

namespace kiln {
namespace {

void check(const BayesNet& net, const NetworkQuery& query) {
  std::set<std::size_t> targets, known;
  const auto name = [&](std::size_t node) { return net.dag().node(node).name; };
  if (query.targets.empty()) throw ConfigError("bayesnet", "the query asks for no node");
  std::vector<std::size_t> sizes;
  for (const auto node : query.targets) sizes.push_back(net.dag().states(node));
  if (!table_size(sizes, kLargestFactor))
    throw ConfigError("bayesnet", fmt::format("the answer would have more than {} numbers; ask for "
                                              "fewer nodes at once",
                                              kLargestFactor));
  for (const auto node : query.targets)
    if (!targets.insert(node).second)
      throw ConfigError("bayesnet", fmt::format("the query asks for '{}' twice", name(node)));
  for (const auto& [node, state] : query.evidence) {
    KILN_ASSERT(state < net.dag().states(node));
    if (targets.count(node))
      throw ConfigError("bayesnet", fmt::format("'{}' is asked for and given; take it away on one "
                                                "side of the bar",
                                                name(node)));
    if (!known.insert(node).second)
      throw ConfigError("bayesnet", fmt::format("the query gives '{}' twice", name(node)));
  }
}

// The nodes that share a table, joined by edges; those to be summed out leave it one by one.
class Interaction {
 public:
  Interaction(const BayesNet& net, const std::vector<Factor>& factors) : net_(net) {
    neighbours_.resize(net.dag().size());
    for (const auto& factor : factors) connect(factor.variables);
  }

  // Edges that are missing between the node's neighbours.
  std::size_t fill(std::size_t node) const {
    std::size_t missing = 0;
    for (const auto a : neighbours_[node])
      for (const auto b : neighbours_[node]) missing += a < b && !neighbours_[a].count(b);
    return missing;
  }

  // log of the numbers in the table over the node and its neighbours.
  double log_size(std::size_t node) const {
    double log_size = std::log(static_cast<double>(net_.dag().states(node)));
    for (const auto a : neighbours_[node])
      log_size += std::log(static_cast<double>(net_.dag().states(a)));
    return log_size;
  }

  void eliminate(std::size_t node) {
    connect({neighbours_[node].begin(), neighbours_[node].end()});
    for (const auto a : neighbours_[node]) neighbours_[a].erase(node);
    neighbours_[node].clear();
  }

 private:
  void connect(const std::vector<std::size_t>& clique) {
    for (const auto a : clique)
      for (const auto b : clique)
        if (a != b) neighbours_[a].insert(b);
  }

  const BayesNet& net_;
  std::vector<std::set<std::size_t>> neighbours_;
};

// The order, with the memory that it takes checked before any table is made.
std::vector<std::size_t> min_fill(const BayesNet& net, const std::vector<Factor>& factors,
                                  std::vector<std::size_t> hidden) {
  Interaction graph(net, factors);
  std::vector<std::size_t> order;
  while (!hidden.empty()) {
    const auto best = std::ranges::min_element(hidden, {}, [&](std::size_t node) {
      return std::tuple(graph.fill(node), graph.log_size(node), node);
    });
    const double numbers = std::exp(graph.log_size(*best));
    if (numbers > static_cast<double>(kLargestFactor) * 1.000001)
      throw ConfigError("bayesnet",
                        fmt::format("summing out '{}' needs a table of {:.3g} numbers, more than "
                                    "{}; give more evidence or ask for fewer nodes",
                                    net.dag().node(*best).name, numbers, kLargestFactor));
    graph.eliminate(*best);
    order.push_back(*best);
    hidden.erase(best);
  }
  return order;
}

bool has(const Factor& factor, std::size_t variable) {
  return std::ranges::find(factor.variables, variable) != factor.variables.end();
}

// A pool of factors whose product is what is wanted; their scale is kept as a logarithm, so that
// the evidence of a thousand nodes does not vanish.
struct Pool {
  std::vector<Factor> factors;
  double log_scale = 0;
  std::uint64_t largest = 1;

  Factor multiply(std::vector<Factor> parts) {
    Factor all;
    for (const auto& part : parts) {
      all = product(all, part);
      largest = std::max<std::uint64_t>(largest, all.values.size());
      rescale(all);
    }
    return all;
  }

  void eliminate(std::size_t node) {
    const auto rest = std::partition(factors.begin(), factors.end(),
                                     [&](const Factor& factor) { return !has(factor, node); });
    std::vector<Factor> parts(std::make_move_iterator(rest),
                              std::make_move_iterator(factors.end()));
    factors.erase(rest, factors.end());
    factors.push_back(sum_out(multiply(std::move(parts)), node));
  }

 private:
  void rescale(Factor& factor) {
    const double top = *std::ranges::max_element(factor.values);
    if (top == 0) return;
    for (auto& value : factor.values) value /= top;
    log_scale += std::log(top);
  }
};

std::string text_of(const BayesNet& net, const NetworkQuery& query) {
  std::vector<std::string> parts;
  for (const auto& [node, state] : query.evidence)
    parts.push_back(
        fmt::format("{}={}", net.dag().node(node).name, net.dag().node(node).states[state]));
  return join(parts, ", ");
}

// The tables of the nodes that matter, with the evidence put in.
std::vector<Factor> tables_given(const BayesNet& net, const NetworkQuery& query,
                                 const std::vector<bool>& needed) {
  std::vector<Factor> factors;
  for (std::size_t i = 0; i < net.dag().size(); ++i) {
    if (!needed[i]) continue;
    auto factor = net.factor(i);
    for (const auto& [node, state] : query.evidence)
      if (has(factor, node)) factor = reduce(factor, node, state);
    factors.push_back(std::move(factor));
  }
  return factors;
}

}  // namespace

// p(targets, evidence) = sum over the hidden nodes of prod_i p(x_i | x_parents(i)).  Nodes from
// which no arrows lead to anything asked or known sum to 1 and are left out.
NetworkAnswer answer(const BayesNet& net, const NetworkQuery& query) {
  check(net, query);
  NetworkAnswer result;
  auto named = query.targets;
  for (const auto& [node, state] : query.evidence) named.push_back(node);
  const auto needed = net.dag().ancestors(named);
  std::vector<std::size_t> hidden;
  for (std::size_t i = 0; i < net.dag().size(); ++i)
    if (!needed[i])
      result.not_needed.push_back(i);
    else if (std::ranges::find(named, i) == named.end())
      hidden.push_back(i);
  Pool pool{tables_given(net, query, needed)};
  result.order = min_fill(net, pool.factors, std::move(hidden));
  for (const auto node : result.order) pool.eliminate(node);
  result.law = reordered(pool.multiply(std::move(pool.factors)), query.targets);
  const double total = std::accumulate(result.law.values.begin(), result.law.values.end(), 0.0);
  if (total == 0)
    throw ConfigError("bayesnet", fmt::format("the evidence {} has probability zero, so nothing "
                                              "follows from it; give other evidence",
                                              text_of(net, query)));
  for (auto& value : result.law.values) value /= total;
  result.log_evidence = query.evidence.empty() ? 0 : pool.log_scale + std::log(total);
  result.largest_factor = pool.largest;
  return result;
}

}  // namespace kiln
