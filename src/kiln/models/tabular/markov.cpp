#include "kiln/models/tabular/markov.h"

#include <torch/types.h>

namespace kiln {
namespace {

ChainShape shape_of(const MarkovOptions& o) {
  checked("markov", o);
  o.shape.items().check("markov");
  const ChainShape shape{.n = o.shape.data_dim,
                         .states = o.shape.states,
                         .order = o.order_k,
                         .homogeneous = o.homogeneous};
  check_chain_size("markov", shape);
  return shape;
}

std::vector<std::int64_t> visiting_order(const MarkovOptions& o) {
  shape_of(o);
  return o.shape.items().ordering_of(o);
}

}  // namespace

Markov::Markov(const MarkovOptions& o)
    : ChainModel("markov", o.shape, visiting_order(o)),
      options_(o),
      shape_(shape_of(o)),
      start_counts_(register_counts("start_counts", {shape_.start_size()})),
      step_counts_(register_counts(
          "step_counts", {shape_.step_count(), shape_.contexts(shape_.order), shape_.states})) {}

ChainRows<std::int64_t> Markov::rows() const {
  return {shape_, numbers_of(start_counts_), numbers_of(step_counts_)};
}

void Markov::count(std::span<const float> x) { count_transitions(shape_, rows(), x); }

// p_i(v | u) = (N_i(u, v) + a) / (N_i(u) + a q).
MarkovChain Markov::fit() const {
  const auto a = options_.prior.value_or(1 / static_cast<double>(shape_.states));
  return MarkovChain::fit(shape_, rows(), a);
}

double Markov::log_likelihood() const { return kiln::log_likelihood(law(), rows()); }

// Every item leaves one count in the conditional of its first number.
std::int64_t Markov::counted() const {
  if (shape_.order > 0) return start_counts_.slice(0, 0, shape_.states).sum().item<std::int64_t>();
  const auto all = step_counts_[0].sum().item<std::int64_t>();
  return shape_.homogeneous ? all / shape_.n : all;
}

ParameterCount Markov::free_parameters() const {
  return shape_.homogeneous ? homogeneous_parameters(shape_.n, shape_.states, shape_.order)
                            : markov_parameters(shape_.n, shape_.states, shape_.order);
}

}  // namespace kiln
