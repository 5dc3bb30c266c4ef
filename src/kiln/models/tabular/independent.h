#pragma once

#include "kiln/models/chain_model.h"

namespace kiln {

struct IndependentOptions {
  DiscreteShape shape;
  std::optional<double> prior;  // a; auto: 1 / q

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    DiscreteShape::fields(self.shape, visit);
    visit("prior", self.prior,
          Field{.help = "Dirichlet pseudo-count of every value; auto: 1 / q; 0: maximum likelihood",
                .low = 0,
                .high = 1e9});
  }
};

/// Independent discrete numbers, each with its own law.  Textbook: Murphy 2012, section 3.5; the
/// prior: Perks 1947 (of two states: Jeffreys' 1/2).
///
///   p(x) = prod_d p_d(x_d),   p_d(v) = (N_d(v) + a) / (N + a q),   D (q - 1) parameters
///
/// The buffer `counts` [D, q] holds N_d(v).  Differs from the textbook: nothing.
class Independent : public ChainModel {
 public:
  using Options = IndependentOptions;

  /// Throws ConfigError for more than 2^24 counts.
  explicit Independent(const IndependentOptions& options);

  ParameterCount free_parameters() const override;

 protected:
  void count(std::span<const float> x) override;
  MarkovChain fit() const override;  ///< A chain of order 0.
  double log_likelihood() const override;
  std::int64_t counted() const override;

 private:
  ChainRows<std::int64_t> rows() const;

  IndependentOptions options_;
  ChainShape shape_;
  Tensor counts_;
};

}  // namespace kiln
