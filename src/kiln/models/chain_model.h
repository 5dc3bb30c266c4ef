#pragma once

#include <optional>
#include <string>

#include "kiln/models/model.h"
#include "kiln/nn/discrete_items.h"
#include "kiln/prob/markov_chain.h"
#include "kiln/prob/parameter_count.h"

namespace kiln {

/// What every model has whose law is a Markov chain of some order over q-ary numbers, and which is
/// fitted by counting once over the data: tables, independence, chains.  A model adds which counts
/// it keeps (in buffers) and how they become a law.
///
/// Shapes: B batch, D data_dim; x is [B, D], or [B, C, H, W] when channels > 0, of 0 .. q - 1.
/// Densities are in nats and float64.  Before any data the law is uniform.
class ChainModel : public Fitted, public Sampler, public Autoregressive, public Completer {
 public:
  Values values() const override { return Values::states; }
  std::int64_t states() const override { return states_; }

  using Fitted::to;
  void to(torch::Device, bool = false) override {}  ///< Counts stay on the CPU, whatever x is on.

  void begin_pass() override;  ///< All counts to 0.
  void observe(const Batch& batch) override;
  bool end_pass() override { return true; }
  double loss() const override;  ///< Mean -log p of the counted items, nats.
  std::int64_t most_passes() const override { return 1; }

  /// [B], exact; -infinity for what the law rules out.  Throws ShapeError for another shape,
  /// ConfigError unless x is 0 .. q - 1.
  Tensor log_prob(const Batch& batch) override;
  Tensor draw_samples(const SampleRequest& request, Rng& rng) override;
  const Tensor& ordering() const override { return items_.order(); }
  Tensor log_conditionals(const Batch& batch) override;
  Tensor draw(const Batch& uniform) override;  ///< The first value with cumulative p above u.
  Tensor draw_one(const Batch& batch, std::int64_t d, const Tensor& uniform) override;

  /// Exact draws for any pattern of known numbers.  x is not read where known is 0.  Throws
  /// ConfigError if what is known has probability 0.
  Tensor complete(const Batch& batch, const Tensor& known, Rng& rng) override;

  /// The law of the counts as they stand, over the numbers in visiting order.
  const MarkovChain& law() const;
  virtual ParameterCount free_parameters() const = 0;

 protected:
  ChainModel(std::string name, const DiscreteShape& shape, const std::vector<std::int64_t>& order);
  Tensor register_counts(const std::string& name, at::IntArrayRef sizes);  ///< int64 zeros.
  static std::span<std::int64_t> numbers_of(const Tensor& counts);

  virtual void count(std::span<const float> x) = 0;  ///< x: one item in visiting order.
  virtual MarkovChain fit() const = 0;
  virtual double log_likelihood() const = 0;  ///< Of all counted items, nats.
  virtual std::int64_t counted() const = 0;   ///< Items.
  /// The law at a temperature other than 1.
  virtual MarkovChain tempered(double temperature) const { return law().tempered(temperature); }

  const DiscreteItems& items() const { return items_; }

 private:
  std::int64_t version() const;  // changes whenever LibTorch writes to the counts

  std::string name_;
  std::int64_t states_;
  DiscreteItems items_;
  mutable std::optional<MarkovChain> law_;
  mutable std::int64_t law_version_ = -1;
};

}  // namespace kiln
