#pragma once

#include "kiln/core/recipe.h"
#include "kiln/models/model.h"
#include "kiln/prob/item_shape.h"

namespace kiln {

struct CategoricalNadeOptions {
  std::int64_t data_dim = 784;  // D
  std::int64_t channels = 0;    // 0 for tables: x is [B, D]
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t states = 2;    // Q
  std::int64_t hidden = 200;  // H
  Ordering ordering = Ordering::raster;
  std::int64_t ordering_seed = 1;
  std::string ordering_steps = {};  // of ordering file

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit_item_shape(self, visit, 1 << 20);
    visit(
        "states", self.states,
        Field{.help = "values that each number takes", .low = 2, .high = 4096, .from_data = true});
    visit("hidden", self.hidden, Field{.help = "hidden units", .low = 1, .high = 1 << 16});
    visit_ordering(self, visit, "in which order the numbers are visited");
  }
};

/// NADE for numbers of Q states: categories, or pictures of few grey levels.  Larochelle & Murray
/// 2011; Uria et al. 2016, arXiv:1605.02226, section 2, with a softmax in place of the sigmoid.
///
///   a_1 = c,  a_{i+1} = a_i + W[d, x_d],  h_i = sigmoid(a_i),  d = o_i the number of step i
///   p(x_d = v | numbers before d) = softmax_v(b[d, v] + V[d, v] . h_i)
///
/// Shapes: B batch, D data_dim, Q states, H hidden.  x is [B, D], or [B, C, H, W] when channels >
/// 0, of whole numbers 0 .. Q - 1.  Densities are in nats.  With Q = 2 it is binary NADE with
/// redundant weights.  Differs from the paper: Adam instead of decayed gradient descent.
class CategoricalNade : public Game, public Sampler, public Autoregressive, public Completer {
 public:
  using Options = CategoricalNadeOptions;
  static std::vector<RecipeFor<Options>> recipes();

  explicit CategoricalNade(const CategoricalNadeOptions& options);  ///< Throws ConfigError.

  Values values() const override { return Values::states; }
  std::int64_t states() const override { return options_.states; }
  bool adds_over_items() const override { return true; }
  std::vector<Player> players() override;  ///< One player; loss: -log p(x) averaged over B, [].

  /// [B], exact.  Memory B D H.  Throws ShapeError for another shape, ConfigError for other values.
  Tensor log_prob(const Batch& batch) override;
  Tensor logits(const Tensor& x);  ///< [B, D, Q] of every conditional, natural order.
  Tensor log_conditionals(const Batch& batch) override;
  const Tensor& ordering() const override { return order_; }

  Conditions conditions() const override {
    return {.temperature = Conditions::Temperature::positive};
  }
  Tensor draw_samples(const SampleRequest& request, Rng& rng) override;
  Tensor draw(const Batch& uniform) override;  ///< By categorical_quantile.
  Tensor draw_one(const Batch& batch, std::int64_t d, const Tensor& uniform) override;

  /// Exact draws given numbers that all come before the unknown ones in the ordering.  Throws
  /// ConfigError for other patterns.  x is not read where known is 0.
  Tensor complete(const Batch& batch, const Tensor& known, Rng& rng) override;

 private:
  ItemShape shape() const {
    return {options_.data_dim, options_.channels, options_.height, options_.width};
  }
  Tensor checked_states(const char* where, const Tensor& x) const;  // [B, D]
  Tensor draw_after(const Tensor& x, const Tensor& known, const Tensor& uniform,
                    double temperature) const;

  CategoricalNadeOptions options_;
  Tensor order_, W_, V_, b_, c_;
};

}  // namespace kiln
