#pragma once

#include "kiln/models/chain_model.h"

namespace kiln {

struct MarkovOptions {
  DiscreteShape shape;
  std::int64_t order_k = 1;  // k
  bool homogeneous = false;
  Ordering ordering = Ordering::raster;
  std::int64_t ordering_seed = 1;
  std::string ordering_steps = {};  // of ordering file
  std::optional<double> prior;      // a; auto: 1 / q

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    DiscreteShape::fields(self.shape, visit);
    visit(
        "order_k", self.order_k,
        Field{.help = "how many numbers before it each one depends on", .low = 0, .high = 1 << 24});
    visit("homogeneous", self.homogeneous,
          Field{.help = "one conditional for all numbers with a full past"});
    visit_ordering(self, visit, "in which order the pixels are visited");
    visit("prior", self.prior,
          Field{.help = "Dirichlet pseudo-count of every value after every past; auto: 1 / q; 0: "
                        "maximum likelihood",
                .low = 0,
                .high = 1e9});
  }
};

/// Markov chain of order k over discrete numbers (AR-k).  Textbook: Murphy 2012, section 17.2; the
/// prior: Perks 1947 (of two states: Jeffreys' 1/2).
///
///   p(x) = prod_i p_i(x_i | u),   u = the min(i, k) numbers visited before x_i,   i = 0 .. D - 1
///   p_i(v | u) = (N_i(u, v) + a) / (N_i(u) + a q)
///
/// By position: q^k - 1 + (D - k)(q - 1) q^k parameters.  Homogeneous: p_i is the same for i >= k,
/// q^k - 1 + (q - 1) q^k parameters.  The buffers hold N: `start_counts`, for i = 0 .. k - 1 a
/// block [q^i, q]; `step_counts` [D - k, q^k, q], homogeneous [1, q^k, q]; the earliest number of a
/// past is the slowest.  Differs from the textbook: nothing.
class Markov : public ChainModel {
 public:
  using Options = MarkovOptions;

  /// Throws ConfigError unless k < D, and for more than 2^24 counts, naming parameters and bytes.
  explicit Markov(const MarkovOptions& options);

  ParameterCount free_parameters() const override;

 protected:
  void count(std::span<const float> x) override;
  MarkovChain fit() const override;
  double log_likelihood() const override;
  std::int64_t counted() const override;

 private:
  ChainRows<std::int64_t> rows() const;

  MarkovOptions options_;
  ChainShape shape_;
  Tensor start_counts_, step_counts_;
};

}  // namespace kiln
