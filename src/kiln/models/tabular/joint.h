#pragma once

#include "kiln/models/chain_model.h"

namespace kiln {

struct JointOptions {
  DiscreteShape shape;
  std::optional<double> prior;  // a; auto: 1 / q^D

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    DiscreteShape::fields(self.shape, visit);
    visit(
        "prior", self.prior,
        Field{.help = "Dirichlet pseudo-count of every item; auto: 1 / q^D; 0: maximum likelihood",
              .low = 0,
              .high = 1e9});
  }
};

/// The full joint table of discrete numbers.  Textbook: Koller & Friedman 2009, section 2.1; the
/// prior of one observation spread evenly: Perks 1947.
///
///   p(x) = (N(x) + a) / (N + a q^D),   q^D - 1 parameters
///
/// The buffer `counts` [q^D] holds N(x) at x_1 q^(D-1) + ... + x_D.  Differs from the textbook: a
/// is not 0 by default, so that items that training did not show keep a probability.
class Joint : public ChainModel {
 public:
  using Options = JointOptions;

  /// Throws ConfigError if D log2(q) is above 24 bits, naming the parameters and the bytes.
  explicit Joint(const JointOptions& options);

  Table table() const;  ///< The law written out.
  ParameterCount free_parameters() const override;

 protected:
  void count(std::span<const float> x) override;
  MarkovChain fit() const override;  ///< By the chain rule: a chain of order D - 1.
  double log_likelihood() const override;
  std::int64_t counted() const override;
  MarkovChain tempered(double temperature) const override;  ///< p^(1/T) of whole items.

 private:
  JointOptions options_;
  Tensor counts_;
};

}  // namespace kiln
