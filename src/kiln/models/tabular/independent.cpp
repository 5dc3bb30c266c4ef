#include "kiln/models/tabular/independent.h"

#include <torch/types.h>

namespace kiln {
namespace {

ChainShape order_zero(const IndependentOptions& o) {
  checked("independent", o);
  o.shape.items().check("independent");
  const ChainShape shape{.n = o.shape.data_dim, .states = o.shape.states, .order = 0};
  check_chain_size("independent", shape);
  return shape;
}

// The law does not depend on an order of the numbers.
std::vector<std::int64_t> visiting_order(const IndependentOptions& o) {
  order_zero(o);
  return o.shape.items().ordering(Ordering::raster, 1);
}

}  // namespace

Independent::Independent(const IndependentOptions& o)
    : ChainModel("independent", o.shape, visiting_order(o)),
      options_(o),
      shape_(order_zero(o)),
      counts_(register_counts("counts", {o.shape.data_dim, o.shape.states})) {}

ChainRows<std::int64_t> Independent::rows() const { return {shape_, {}, numbers_of(counts_)}; }

void Independent::count(std::span<const float> x) { count_transitions(shape_, rows(), x); }

// p_d(v) = (N_d(v) + a) / (N + a q).
MarkovChain Independent::fit() const {
  const auto a = options_.prior.value_or(1 / static_cast<double>(shape_.states));
  return MarkovChain::fit(shape_, rows(), a);
}

double Independent::log_likelihood() const { return kiln::log_likelihood(law(), rows()); }

std::int64_t Independent::counted() const { return counts_[0].sum().item<std::int64_t>(); }

ParameterCount Independent::free_parameters() const {
  return independent_parameters(shape_.n, shape_.states);
}

}  // namespace kiln
