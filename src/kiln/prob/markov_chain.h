#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "kiln/prob/table.h"

namespace kiln {

/// Sizes of a Markov chain of order k over n variables of q states: variable i = 0 .. n - 1 depends
/// on the min(i, k) variables before it.  `homogeneous`: all i >= k share one conditional.
struct ChainShape {
  std::int64_t n = 1, states = 2, order = 0;
  bool homogeneous = false;

  std::int64_t contexts(std::int64_t i) const;  ///< q^min(i, k): what may stand before i.
  std::int64_t start_size() const;              ///< q + q^2 + ... + q^k: the conditionals of i < k.
  std::int64_t step_count() const { return homogeneous ? 1 : n - order; }
  std::int64_t step_size() const { return step_count() * contexts(order) * states; }
};

/// Throws ConfigError for an order outside 0 .. n - 1, and for more than kMostEntries conditional
/// probabilities, naming the number of parameters and the bytes.
void check_chain_size(std::string_view where, const ChainShape& shape);

/// Rows of q numbers, one for each (variable, context): counts or probabilities.  The earliest
/// variable of a context is the slowest.
template <class T>
class ChainRows {
 public:
  /// start: i < k, one block [q^i, q] after the other.  step: [n - k, q^k, q], or [1, q^k, q].
  ChainRows(const ChainShape& shape, std::span<T> start, std::span<T> step);
  std::span<T> row(std::int64_t i, std::int64_t context) const {
    const auto q = shape_.states;
    const bool first = i < shape_.order;
    const auto block = first ? start_offset_[static_cast<std::size_t>(i)]
                             : (shape_.homogeneous ? 0 : i - shape_.order) * full_ * q;
    return (first ? start_ : step_)
        .subspan(static_cast<std::size_t>(block + context * q), static_cast<std::size_t>(q));
  }
  /// The context of i + 1, after `value` at i.
  std::int64_t next(std::int64_t i, std::int64_t context, std::int64_t value) const {
    const auto longer = context * shape_.states + value;
    return i < shape_.order ? longer : longer % full_;
  }

 private:
  ChainShape shape_;
  std::span<T> start_, step_;
  std::vector<std::int64_t> start_offset_;
  std::int64_t full_ = 1;  // q^k
};

/// Adds one item's transitions.  x: n numbers 0 .. q - 1 in the chain's order.
void count_transitions(const ChainShape& shape, const ChainRows<std::int64_t>& counts,
                       std::span<const float> x);

/// p(x) = prod_i p(x_i | the min(i, k) variables before), in float64; natural logarithms.
class MarkovChain {
 public:
  /// Normalised counts (N(u, v) + a) / (N(u) + a q); uniform where both N(u) and a are 0.
  static MarkovChain fit(const ChainShape& shape, const ChainRows<std::int64_t>& counts,
                         double prior);
  /// The chain rule: order n - 1, the same law.
  static MarkovChain of_table(const Table& table);

  MarkovChain(const MarkovChain&) = delete;
  MarkovChain& operator=(const MarkovChain&) = delete;
  MarkovChain(MarkovChain&&) = default;
  MarkovChain& operator=(MarkovChain&&) = default;

  const ChainShape& shape() const { return shape_; }
  std::span<const double> row(std::int64_t i, std::int64_t context) const {
    return rows_.row(i, context);
  }
  std::int64_t next(std::int64_t i, std::int64_t context, std::int64_t value) const {
    return rows_.next(i, context, value);
  }

  double log_prob(std::span<const float> x) const;
  void log_conditionals(std::span<const float> x, std::span<double> terms) const;  ///< n each.
  /// One number from each uniform in [0, 1): the first value whose cumulative probability is above.
  void draw(std::span<const float> uniform, std::span<float> x) const;
  /// Value i alone, its context read from x.
  float draw_one(std::span<const float> x, std::int64_t i, float uniform) const;
  /// The chain whose every conditional is p^(1/T), normalised; T = 0: the likeliest value.
  MarkovChain tempered(double temperature) const;

 private:
  explicit MarkovChain(const ChainShape& shape);
  std::span<double> mutable_row(std::int64_t i, std::int64_t context) const {
    return rows_.row(i, context);
  }

  ChainShape shape_;
  std::vector<double> start_, step_;  // their heap blocks stay where they are when a chain moves
  ChainRows<double> rows_;
};

/// sum over all counted transitions of log p(value | context), nats.
double log_likelihood(const MarkovChain& chain, const ChainRows<std::int64_t>& counts);

/// The first value whose cumulative probability is above `uniform`; never one of probability 0.
std::int64_t inverse_cdf(std::span<const double> p, double uniform);

/// What is known of an item: x where known is not 0.
struct Evidence {
  std::span<const float> x;
  std::span<const std::uint8_t> known;
};

// By messages along the chain, O(n q^(k + 1)); nothing is enumerated.

/// log p(what is known), nats; -infinity where it is impossible.
double log_marginal(const MarkovChain& chain, const Evidence& evidence);
/// p(x_i = v | what is known) for each v.  Throws ConfigError if what is known has probability 0.
std::vector<double> conditional(const MarkovChain& chain, std::int64_t i, const Evidence& evidence);
/// Draws the unknown given the known; where nothing is known this is chain.draw.  `x` may hold the
/// evidence itself.  Throws ConfigError if what is known has probability 0.
void complete(const MarkovChain& chain, const Evidence& evidence, std::span<const float> uniform,
              std::span<float> x);
std::vector<std::vector<double>> marginals(const MarkovChain& chain);  ///< [n][q].
double entropy(const MarkovChain& chain);
/// KL(p || r) of chains over the same variables, of any orders; infinite where r is 0 and p is not.
double kl_divergence(const MarkovChain& p, const MarkovChain& r);
double total_correlation(const MarkovChain& chain);

}  // namespace kiln
