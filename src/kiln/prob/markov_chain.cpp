#include "kiln/prob/markov_chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kiln/core/error.h"
#include "kiln/prob/parameter_count.h"

namespace kiln {
namespace {

std::int64_t power(std::int64_t base, std::int64_t exponent) {
  std::int64_t product = 1;
  for (std::int64_t i = 0; i < exponent; ++i) product *= base;
  return product;
}

// Calls f(i, context) for every row that the chain keeps.
template <class F>
void each_row(const ChainShape& shape, const F& f) {
  for (std::int64_t i = 0; i < shape.order + shape.step_count(); ++i)
    for (std::int64_t context = 0, end = shape.contexts(i); context < end; ++context) f(i, context);
}

std::int64_t state(float x) { return static_cast<std::int64_t>(x); }

}  // namespace

std::int64_t ChainShape::contexts(std::int64_t i) const {
  return power(states, std::min(i, order));
}

std::int64_t ChainShape::start_size() const {
  std::int64_t size = 0;
  for (std::int64_t i = 0; i < order; ++i) size += contexts(i) * states;
  return size;
}

void check_chain_size(std::string_view where, const ChainShape& s) {
  const auto parameters = s.homogeneous ? homogeneous_parameters(s.n, s.states, s.order)
                                        : markov_parameters(s.n, s.states, s.order);
  // Rows hold q numbers for q - 1 parameters.
  const auto most = kMostEntries / s.states * (s.states - 1);
  if (parameters.exact() && *parameters.exact() <= most) return;
  const auto factor = s.homogeneous ? s.states + 1 : s.n - s.order + 1;  // the start adds less
  throw ConfigError(
      where,
      fmt::format("a chain of order {} over {} variables of {} states has {} parameters and needs "
                  "about {} bytes; at most {} conditional probabilities are kept. Lower --order-k",
                  s.order, s.n, s.states, parameters.text(),
                  ParameterCount(8 * factor, s.states, s.order + 1, 0).text(), kMostEntries));
}

template <class T>
ChainRows<T>::ChainRows(const ChainShape& shape, std::span<T> start, std::span<T> step)
    : shape_(shape), start_(start), step_(step), full_(shape.contexts(shape.order)) {
  KILN_ASSERT(std::ssize(start) == shape.start_size() && std::ssize(step) == shape.step_size());
  std::int64_t offset = 0;
  for (std::int64_t i = 0; i < shape.order; ++i) {
    start_offset_.push_back(offset);
    offset += shape.contexts(i) * shape.states;
  }
}

template class ChainRows<std::int64_t>;
template class ChainRows<double>;

void count_transitions(const ChainShape& shape, const ChainRows<std::int64_t>& counts,
                       std::span<const float> x) {
  std::int64_t context = 0;
  for (std::int64_t i = 0; i < shape.n; ++i) {
    const auto value = state(x[static_cast<std::size_t>(i)]);
    ++counts.row(i, context)[static_cast<std::size_t>(value)];
    context = counts.next(i, context, value);
  }
}

MarkovChain::MarkovChain(const ChainShape& shape)
    : shape_(shape),
      start_(static_cast<std::size_t>(shape.start_size())),
      step_(static_cast<std::size_t>(shape.step_size())),
      rows_(shape, start_, step_) {}

MarkovChain MarkovChain::fit(const ChainShape& shape, const ChainRows<std::int64_t>& counts,
                             double prior) {
  MarkovChain chain(shape);
  const auto q = static_cast<double>(shape.states);
  each_row(shape, [&](std::int64_t i, std::int64_t context) {
    const auto n = counts.row(i, context);
    const auto p = chain.mutable_row(i, context);
    double total = prior * q;
    for (const auto count : n) total += static_cast<double>(count);
    for (std::size_t v = 0; v < p.size(); ++v)
      p[v] = total > 0 ? (static_cast<double>(n[v]) + prior) / total : 1 / q;
  });
  return chain;
}

// p(x_i = v | c) = S(c, v) / S(c), S the sums of the table over what comes later.
MarkovChain MarkovChain::of_table(const Table& table) {
  MarkovChain chain({.n = table.n, .states = table.states, .order = table.n - 1});
  const auto q = static_cast<std::size_t>(table.states);
  auto sums = table.p;
  for (auto i = table.n; i-- > 0;) {
    std::vector<double> shorter(sums.size() / q, 0.0);
    for (std::size_t context = 0; context < shorter.size(); ++context) {
      for (std::size_t v = 0; v < q; ++v) shorter[context] += sums[context * q + v];
      const auto p = chain.mutable_row(i, static_cast<std::int64_t>(context));
      for (std::size_t v = 0; v < q; ++v)
        p[v] = shorter[context] > 0 ? sums[context * q + v] / shorter[context] : 1.0 / double(q);
    }
    sums = std::move(shorter);
  }
  return chain;
}

double log_likelihood(const MarkovChain& chain, const ChainRows<std::int64_t>& counts) {
  double sum = 0;
  each_row(chain.shape(), [&](std::int64_t i, std::int64_t context) {
    const auto n = counts.row(i, context);
    const auto p = chain.row(i, context);
    for (std::size_t v = 0; v < p.size(); ++v)
      if (n[v] > 0) sum += static_cast<double>(n[v]) * std::log(p[v]);
  });
  return sum;
}

double MarkovChain::log_prob(std::span<const float> x) const {
  std::vector<double> terms(x.size());
  log_conditionals(x, terms);
  double sum = 0;
  for (const double term : terms) sum += term;
  return sum;
}

void MarkovChain::log_conditionals(std::span<const float> x, std::span<double> terms) const {
  std::int64_t context = 0;
  for (std::int64_t i = 0; i < shape_.n; ++i) {
    const auto at = static_cast<std::size_t>(i);
    terms[at] = std::log(row(i, context)[static_cast<std::size_t>(x[at])]);
    context = next(i, context, state(x[at]));
  }
}

std::int64_t inverse_cdf(std::span<const double> p, double uniform) {
  double sum = 0;
  std::int64_t likely = 0;  // where rounding leaves the sum below `uniform`: the last one possible
  for (std::size_t v = 0; v < p.size(); ++v) {
    if (p[v] == 0) continue;
    sum += p[v];
    likely = static_cast<std::int64_t>(v);
    if (uniform < sum) break;
  }
  return likely;
}

void MarkovChain::draw(std::span<const float> uniform, std::span<float> x) const {
  std::int64_t context = 0;
  for (std::int64_t i = 0; i < shape_.n; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const auto value = inverse_cdf(row(i, context), uniform[at]);
    x[at] = static_cast<float>(value);
    context = next(i, context, value);
  }
}

float MarkovChain::draw_one(std::span<const float> x, std::int64_t i, float uniform) const {
  std::int64_t context = 0;
  for (auto j = std::max<std::int64_t>(0, i - shape_.order); j < i; ++j)
    context = context * shape_.states + state(x[static_cast<std::size_t>(j)]);
  return static_cast<float>(inverse_cdf(row(i, context), uniform));
}

MarkovChain MarkovChain::tempered(double temperature) const {
  MarkovChain chain(shape_);
  each_row(shape_, [&](std::int64_t i, std::int64_t context) {
    const auto p = row(i, context);
    const auto r = chain.mutable_row(i, context);
    std::copy(p.begin(), p.end(), r.begin());
    temper(r, temperature);
  });
  return chain;
}

}  // namespace kiln
