#pragma once

#include <torch/nn/modules/linear.h>

#include "kiln/core/recipe.h"
#include "kiln/models/model.h"
#include "kiln/prob/item_shape.h"

namespace kiln {

struct OrderlessNadeOptions {
  std::int64_t data_dim = 784;  // D
  std::int64_t channels = 0;    // 0 for tables: x is [B, D]
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t hidden = 500;  // H
  std::int64_t layers = 2;    // L
  std::int64_t ensemble = 1;  // S
  Ordering ordering = Ordering::raster;
  std::int64_t ordering_seed = 1;
  std::string ordering_steps = {};  // of ordering file

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit_item_shape(self, visit, 1 << 20);
    visit("hidden", self.hidden,
          Field{.help = "units in each hidden layer", .low = 1, .high = 1 << 16});
    visit("layers", self.layers, Field{.help = "hidden layers", .low = 1, .high = 8});
    visit("ensemble", self.ensemble,
          Field{.help = "orderings that log p is averaged over: `ordering`, then random ones",
                .low = 1,
                .high = 1024});
    visit_ordering(self, visit, "in which order new items are drawn");
  }
};

/// Orderless deep NADE and its ensembles (EoNADE), binary x. Uria, Murray & Larochelle 2014,
/// arXiv:1310.1757; Uria et al. 2016, arXiv:1605.02226, sections 4 and 5.
///
///   h_1 = relu(c + sum_{d known} (x_d W_d + U_d)),  h_l = relu(b_l + W_l h_{l-1})
///   p(x_d = 1 | the known pixels) = sigmoid(b_d + V_d . h_L)
///
/// One network for all orders.  Shapes: B batch, D data_dim, H hidden, S ensemble; x is [B, D], or
/// [B, C, H, W] when channels > 0, of 0 and 1.  Densities are in nats.  The density is the mean
/// over S orders, p(x) = (1/S) sum_s p(x | o_s). Differs from the paper: Adam instead of decayed
/// SGD, no layer-wise start; b can start from the data; how many pixels are known is drawn by
/// importance, see random_known.
class OrderlessNade : public Game, public Sampler, public Autoregressive, public Completer {
 public:
  using Options = OrderlessNadeOptions;
  static std::vector<RecipeFor<Options>> recipes();

  explicit OrderlessNade(const OrderlessNadeOptions& options);  ///< Throws ConfigError.

  Values values() const override { return Values::binary; }
  std::vector<NamedTensor> constants() const override;
  void start_from_data(const DataMoments& moments) override;  ///< b = log-odds of the mean.
  bool adds_over_items() const override { return true; }
  std::vector<Player> players() override;  ///< One player; loss: objective_of, averaged over B.

  /// Logits of every pixel given the known ones: x, known [B, D] -> [B, D].  x is not read where
  /// known is 0.
  Tensor logits(const Tensor& x, const Tensor& known);

  /// D / (D - k) * sum of -log p(x_d | known) over the D - k unknown pixels, [B], nats.  With k
  /// uniform in 0 .. D-1 and a random subset of k known pixels it estimates, without bias, the mean
  /// of -log p(x | o) over all D! orders.  arXiv:1310.1757, equation 10.
  Tensor objective_of(const Tensor& x, const Tensor& known);

  /// Subsets to learn from, and what each counts so that the mean of weight * objective_of keeps
  /// that expectation.  Small unknown parts are noisy and large ones are not, so r = D - k unknown
  /// pixels are drawn with q(r) = sqrt(r / D) - sqrt((r - 1) / D) in place of 1 / D; the sizes of a
  /// batch are spread evenly over that law.
  struct KnownSets {
    Tensor known;   ///< [count, D] of 0 and 1.
    Tensor weight;  ///< [count]: 1 / (D q(r)); its expectation is 1.
  };
  KnownSets random_known(std::int64_t count, Rng& rng) const;

  /// [B], exact for the ensemble; no gradient.  Throws ShapeError for another shape, ConfigError
  /// unless x is 0 or 1.
  Tensor log_prob(const Batch& batch) override;
  Tensor log_prob_of_members(const Tensor& x);  ///< log p(x | o_s), [S, B]; no gradient.

  Conditions conditions() const override {
    return {.temperature = Conditions::Temperature::positive};
  }
  /// By the first order, `ordering`: [count, D] or [count, C, H, W].
  Tensor draw_samples(const SampleRequest& request, Rng& rng) override;

  /// Any pattern: the known pixels first, then the others in the order of `ordering`.  Exact draws
  /// from the model's chain in that order.  x is not read where known is 0.
  Tensor complete(const Batch& batch, const Tensor& known, Rng& rng) override;

  // The autoregressive interface is that of the first order; its conditionals add up to log_prob
  // if the ensemble is 1.
  const Tensor& ordering() const override { return first_order_; }
  Tensor log_conditionals(const Batch& batch) override;  ///< No gradient.
  Tensor draw(const Batch& uniform) override;            ///< x_d = 1 where uniform < p.
  Tensor draw_one(const Batch& batch, std::int64_t d, const Tensor& uniform) override;

 private:
  class Scan;
  ItemShape shape() const;
  Tensor upper(Tensor h) const;  // [N, H] of the first layer -> [N, H] of the last
  std::int64_t rows_at_once(std::int64_t orders) const;
  using Visit = std::function<void(std::int64_t step, const Tensor& log_p)>;
  void scan(const Tensor& rows, const Tensor& orders, const Visit& visit) const;
  Tensor fill(const Tensor& x, const Tensor& known, const Tensor& uniform,
              double temperature) const;

  OrderlessNadeOptions options_;
  Tensor orders_, first_order_;  // [S, D] and [D] int64, CPU
  Tensor W_, U_, c_;             // [D, H], [D, H], [H]
  std::vector<torch::nn::Linear> hidden_;
  Tensor V_, b_;  // [D, H], [D]
};

}  // namespace kiln
