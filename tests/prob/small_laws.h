#pragma once

#include <cmath>
#include <functional>
#include <vector>

#include "kiln/core/philox.h"
#include "kiln/prob/markov_chain.h"

namespace kiln {

/// A law with every probability above 0, the same for the same seed.
inline Table random_table(std::int64_t n, std::int64_t states, std::uint64_t seed) {
  Table table{.n = n, .states = states, .p = {}};
  Philox rng(seed);
  const auto size = static_cast<std::size_t>(std::llround(std::pow(states, n)));
  double total = 0;
  for (std::size_t i = 0; i < size; ++i) {
    table.p.push_back(0.02 + rng.uniform());
    total += table.p.back();
  }
  for (auto& p : table.p) p /= total;
  return table;
}

/// Every x of n numbers 0 .. q - 1, in the order of a table.
inline void every_item(std::int64_t n, std::int64_t states,
                       const std::function<void(std::size_t, const std::vector<float>&)>& f) {
  const auto size = static_cast<std::int64_t>(std::llround(std::pow(states, n)));
  for (std::int64_t index = 0; index < size; ++index) {
    std::vector<float> x(static_cast<std::size_t>(n));
    auto rest = index;
    for (auto i = x.size(); i-- > 0; rest /= states) x[i] = static_cast<float>(rest % states);
    f(static_cast<std::size_t>(index), x);
  }
}

/// Counts and the shape that they belong to.
struct Counted {
  explicit Counted(const ChainShape& chain_shape)
      : shape(chain_shape),
        start(static_cast<std::size_t>(shape.start_size())),
        step(static_cast<std::size_t>(shape.step_size())) {}
  ChainRows<std::int64_t> rows() { return {shape, start, step}; }
  void add(const std::vector<float>& x) { count_transitions(shape, rows(), x); }
  MarkovChain fit(double prior) { return MarkovChain::fit(shape, rows(), prior); }

  ChainShape shape;
  std::vector<std::int64_t> start, step;
};

/// A chain whose conditionals come from counts of made-up items.
inline MarkovChain random_chain(const ChainShape& shape, std::uint64_t seed,
                                std::int64_t items = 40) {
  Counted counted(shape);
  Philox rng(seed);
  for (std::int64_t item = 0; item < items; ++item) {
    std::vector<float> x(static_cast<std::size_t>(shape.n));
    for (auto& value : x)
      value = static_cast<float>(std::floor(rng.uniform() * rng.uniform() * double(shape.states)));
    counted.add(x);
  }
  return counted.fit(0.3);
}

/// The law by multiplying conditionals for every x: independent of all messages.
inline Table written_out(const MarkovChain& chain) {
  const auto& shape = chain.shape();
  Table table{.n = shape.n, .states = shape.states, .p = {}};
  every_item(shape.n, shape.states, [&](std::size_t, const std::vector<float>& x) {
    double p = 1;
    for (std::int64_t i = 0; i < shape.n; ++i) {
      std::int64_t context = 0;
      for (auto j = std::max<std::int64_t>(0, i - shape.order); j < i; ++j)
        context = context * shape.states + std::lround(x[static_cast<std::size_t>(j)]);
      p *= chain.row(i, context)[static_cast<std::size_t>(x[static_cast<std::size_t>(i)])];
    }
    table.p.push_back(p);
  });
  return table;
}

inline std::vector<ChainShape> small_shapes() {
  std::vector<ChainShape> shapes;
  for (std::int64_t states : {2, 3})
    for (std::int64_t n : {1, 2, 5})
      for (std::int64_t order = 0; order < n; ++order)
        for (const bool homogeneous : {false, true})
          shapes.push_back({.n = n, .states = states, .order = order, .homogeneous = homogeneous});
  return shapes;
}

}  // namespace kiln
