// Sums over all values of a Markov chain by messages along it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kiln/core/error.h"
#include "kiln/prob/markov_chain.h"

namespace kiln {
namespace {

constexpr std::int64_t kMostMessages = std::int64_t{1} << 26;  // numbers, over all variables

using Message = std::vector<double>;  // one number for each context

// b_i(c) = p(what is known from i on | context c), each scaled to a largest number of 1:
//   b_n = 1,   b_i(c) = sum over the values v that x_i may take of p(v | c) b_{i+1}(c, v).
struct Backward {
  std::vector<Message> b;  // n + 1
  double log_scale = 0;    // log p(what is known) = log b_0 + log_scale
};

bool allowed(const Evidence& evidence, std::int64_t i, std::size_t value) {
  const auto at = static_cast<std::size_t>(i);
  return evidence.known[at] == 0 || static_cast<std::size_t>(evidence.x[at]) == value;
}

double message_at(const MarkovChain& chain, const Evidence& evidence, const Message& later,
                  std::int64_t i, std::int64_t context) {
  double sum = 0;
  const auto p = chain.row(i, context);
  for (std::size_t v = 0; v < p.size(); ++v)
    if (allowed(evidence, i, v))
      sum += p[v] *
             later[static_cast<std::size_t>(chain.next(i, context, static_cast<std::int64_t>(v)))];
  return sum;
}

// Only a homogeneous chain can keep few conditionals and yet need large messages.
void check_message_size(const ChainShape& shape) {
  const auto each = shape.contexts(shape.order);
  if (each > kMostMessages / (shape.n + 1))
    throw ConfigError("markov_chain",
                      fmt::format("messages along {} numbers with {} pasts each need {} bytes, at "
                                  "most {} are taken; lower --order-k",
                                  shape.n, each, 8 * (shape.n + 1) * each, 8 * kMostMessages));
}

Backward backward(const MarkovChain& chain, const Evidence& evidence) {
  const auto& shape = chain.shape();
  check_message_size(shape);
  Backward all;
  all.b.resize(static_cast<std::size_t>(shape.n) + 1);
  all.b.back().assign(static_cast<std::size_t>(shape.contexts(shape.n)), 1.0);
  for (auto i = shape.n; i-- > 0;) {
    auto& message = all.b[static_cast<std::size_t>(i)];
    const auto& later = all.b[static_cast<std::size_t>(i) + 1];
    for (std::int64_t context = 0, end = shape.contexts(i); context < end; ++context)
      message.push_back(message_at(chain, evidence, later, i, context));
    const double most = *std::max_element(message.begin(), message.end());
    all.log_scale += std::log(most);
    if (most == 0) break;  // impossible
    for (auto& value : message) value /= most;
  }
  return all;
}

[[noreturn]] void refuse_impossible() {
  throw ConfigError("markov_chain",
                    "what is known has probability 0 under this law, so nothing follows from it; "
                    "fit with a prior above 0");
}

// Calls f(i, c, p(c), p(. | c)) for every variable and context of `order` >= the chain's own.
template <class F>
void forward(const MarkovChain& chain, std::int64_t order, const F& f) {
  auto longer = chain.shape();
  longer.order = order;
  const auto full = longer.contexts(order);
  Message now{1.0};
  for (std::int64_t i = 0; i < longer.n; ++i) {
    Message later(static_cast<std::size_t>(longer.contexts(i + 1)), 0.0);
    const auto own = chain.shape().contexts(i);
    for (std::int64_t c = 0; c < std::ssize(now); ++c) {
      const auto p = chain.row(i, c % own);
      const double weight = now[static_cast<std::size_t>(c)];
      f(i, c, weight, p);
      for (std::int64_t v = 0; v < std::ssize(p); ++v)
        later[static_cast<std::size_t>((c * longer.states + v) % full)] +=
            weight * p[static_cast<std::size_t>(v)];
    }
    now = std::move(later);
  }
}

}  // namespace

double log_marginal(const MarkovChain& chain, const Evidence& evidence) {
  return backward(chain, evidence).log_scale;  // b_0 has one number, scaled to 1
}

std::vector<double> conditional(const MarkovChain& chain, std::int64_t i,
                                const Evidence& evidence) {
  std::vector<float> x(evidence.x.begin(), evidence.x.end());
  std::vector<std::uint8_t> known(evidence.known.begin(), evidence.known.end());
  const double all = log_marginal(chain, evidence);
  if (std::isinf(all)) refuse_impossible();
  std::vector<double> p;
  const auto at = static_cast<std::size_t>(i);
  for (std::int64_t v = 0; v < chain.shape().states; ++v) {
    if (evidence.known[at] != 0) {
      p.push_back(static_cast<std::int64_t>(evidence.x[at]) == v ? 1 : 0);
      continue;
    }
    x[at] = static_cast<float>(v);
    known[at] = 1;
    p.push_back(std::exp(log_marginal(chain, {x, known}) - all));
  }
  return p;
}

void complete(const MarkovChain& chain, const Evidence& evidence, std::span<const float> uniform,
              std::span<float> x) {
  const auto messages = backward(chain, evidence);
  if (std::isinf(messages.log_scale)) refuse_impossible();
  Message weights(static_cast<std::size_t>(chain.shape().states));
  std::int64_t context = 0;
  for (std::int64_t i = 0; i < chain.shape().n; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const auto p = chain.row(i, context);
    double total = 0;
    for (std::size_t v = 0; v < p.size(); ++v) {
      const auto next = chain.next(i, context, static_cast<std::int64_t>(v));
      weights[v] =
          allowed(evidence, i, v) ? p[v] * messages.b[at + 1][static_cast<std::size_t>(next)] : 0;
      total += weights[v];
    }
    const auto value = inverse_cdf(weights, static_cast<double>(uniform[at]) * total);
    x[at] = static_cast<float>(value);
    context = chain.next(i, context, value);
  }
}

std::vector<std::vector<double>> marginals(const MarkovChain& chain) {
  const auto& shape = chain.shape();
  std::vector<std::vector<double>> all(
      static_cast<std::size_t>(shape.n),
      std::vector<double>(static_cast<std::size_t>(shape.states), 0.0));
  forward(chain, shape.order,
          [&](std::int64_t i, std::int64_t, double weight, std::span<const double> p) {
            for (std::size_t v = 0; v < p.size(); ++v)
              all[static_cast<std::size_t>(i)][v] += weight * p[v];
          });
  return all;
}

double entropy(const MarkovChain& chain) {
  double sum = 0;
  forward(chain, chain.shape().order,
          [&](std::int64_t, std::int64_t, double weight, std::span<const double> p) {
            if (weight > 0) sum += weight * entropy(p);
          });
  return sum;
}

double kl_divergence(const MarkovChain& p, const MarkovChain& r) {
  if (p.shape().n != r.shape().n || p.shape().states != r.shape().states)
    throw ShapeError("kl_divergence", "chains must be over as many variables of as many states");
  double sum = 0;
  forward(p, std::max(p.shape().order, r.shape().order),
          [&](std::int64_t i, std::int64_t c, double weight, std::span<const double> row) {
            if (weight > 0) sum += weight * kl_divergence(row, r.row(i, c % r.shape().contexts(i)));
          });
  return sum;
}

double total_correlation(const MarkovChain& chain) {
  double sum = -entropy(chain);
  for (const auto& p : marginals(chain)) sum += entropy(p);
  return sum;
}

}  // namespace kiln
