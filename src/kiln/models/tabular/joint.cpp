#include "kiln/models/tabular/joint.h"

#include <torch/types.h>

#include <cmath>

namespace kiln {
namespace {

const JointOptions& checked_size(const JointOptions& o) {
  checked("joint", o);
  o.shape.items().check("joint");
  check_table_size("joint", o.shape.data_dim, o.shape.states);
  return o;
}

std::int64_t entries(const JointOptions& o) {
  return *joint_parameters(o.shape.data_dim, o.shape.states).exact() + 1;
}

}  // namespace

// The law does not depend on an order of the numbers.
Joint::Joint(const JointOptions& o)
    : ChainModel("joint", o.shape, checked_size(o).shape.items().ordering(Ordering::raster, 1)),
      options_(o),
      counts_(register_counts("counts", {entries(o)})) {}

void Joint::count(std::span<const float> x) {
  ++numbers_of(counts_)[static_cast<std::size_t>(table_index(options_.shape.states, x))];
}

// p(x) = (N(x) + a) / (N + a q^D).
Table Joint::table() const {
  const auto a = options_.prior.value_or(1 / static_cast<double>(counts_.numel()));
  return fit_table(options_.shape.data_dim, options_.shape.states, numbers_of(counts_), a);
}

MarkovChain Joint::fit() const { return MarkovChain::of_table(table()); }

double Joint::log_likelihood() const {
  const auto law = table();
  const auto counts = numbers_of(counts_);
  double sum = 0;
  for (std::size_t x = 0; x < counts.size(); ++x)
    if (counts[x] > 0) sum += static_cast<double>(counts[x]) * std::log(law.p[x]);
  return sum;
}

std::int64_t Joint::counted() const { return counts_.sum().item<std::int64_t>(); }

MarkovChain Joint::tempered(double temperature) const {
  return MarkovChain::of_table(kiln::tempered(table(), temperature));
}

ParameterCount Joint::free_parameters() const {
  return joint_parameters(options_.shape.data_dim, options_.shape.states);
}

}  // namespace kiln
