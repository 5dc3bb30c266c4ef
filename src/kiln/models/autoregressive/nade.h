#pragma once

#include "kiln/core/recipe.h"
#include "kiln/kernels/nade_scan_twin.h"
#include "kiln/models/model.h"
#include "kiln/nn/one_hot_labels.h"
#include "kiln/prob/item_shape.h"

namespace kiln {

struct NadeOptions {
  std::int64_t data_dim = 784;  // D
  std::int64_t channels = 0;    // 0 for tables: x is [B, D]
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t hidden = 500;  // H
  Ordering ordering = Ordering::raster;
  std::int64_t ordering_seed = 1;
  std::string ordering_steps = {};  // of ordering file
  bool tied = false;
  Condition condition = Condition::none;
  std::int64_t classes = 0;  // of the data

  std::int64_t conditional_classes() const { return condition == Condition::label ? classes : 0; }

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit_item_shape(self, visit, 1 << 24);
    visit("hidden", self.hidden, Field{.help = "hidden units", .low = 1, .high = 1 << 20});
    visit_ordering(self, visit, "in which order the pixels are visited");
    visit("tied", self.tied, Field{.help = "use one matrix for W and V"});
    visit_condition(self, visit);
  }
};

/// Neural autoregressive distribution estimator for binary x. Larochelle & Murray 2011, AISTATS;
/// Uria et al. 2016, arXiv:1605.02226, section 2.
///
///   p(x) = prod_i p(x_d | pixels before d),  d = o_i the pixel visited at step i
///   h_i = sigmoid(c + sum_{j < i} W_{o_j} x_{o_j}),   p(x_d = 1 | ...) = sigmoid(b_d + V_d . h_i)
///
/// With condition label it is p(x|y): c + U_y in place of c, and class_logits are Bayes' rule,
/// log p(x|y) + log p(y), with the classes' shares among the training items.
/// Shapes: B batch, D data_dim, H hidden; C, H, W of an image in its own places.  x is [B, D], or
/// [B, C, H, W] when channels > 0, of 0 and 1.  Densities are in nats.
/// W and V are [D, H] with row d belonging to pixel d, whatever the ordering (W is the paper's W
/// transposed).  Differs from the paper: Adam instead of decayed SGD; b can start from the data.
class Nade : public Game,
             public Sampler,
             public Autoregressive,
             public Completer,
             public Classifier {
 public:
  using Options = NadeOptions;
  static std::vector<RecipeFor<Options>> recipes();

  explicit Nade(const NadeOptions& options);  ///< Throws ConfigError if a size is out of range.

  Values values() const override { return Values::binary; }
  /// b = log-odds of the mean; p(y) = the classes' shares.
  void start_from_data(const DataMoments& moments) override;
  bool adds_over_items() const override { return true; }
  std::vector<Player> players() override;  ///< One player; loss: -log p(x) averaged over B, [].

  /// [B], exact.  Throws ShapeError for another shape, ConfigError unless x is 0 or 1.
  Tensor log_prob(const Batch& batch) override;
  /// [B, D] logits of p(x_d = 1 | pixels before d), natural order.
  Tensor logits(const Batch& batch);
  Conditions conditions() const override {
    return {.classes = classes(), .temperature = Conditions::Temperature::positive};
  }
  std::int64_t classes() const override { return options_.conditional_classes(); }
  Tensor class_logits(const Batch& batch) override;  ///< Throws ConfigError without a condition.
  Tensor draw_samples(const SampleRequest& request,
                      Rng& rng) override;  ///< [count, D] or [count, C, H, W].

  /// Exact draws given pixels that all come before the unknown ones in the ordering.  Throws
  /// ConfigError for other patterns: NADE gives their conditional law only by a sum over 2^unknown
  /// terms.  x is not read where known is 0.
  Tensor complete(const Batch& batch, const Tensor& known, Rng& rng) override;

  const Tensor& ordering() const override { return order_; }
  Tensor log_conditionals(const Batch& batch) override;
  Tensor draw(const Batch& uniform) override;  ///< x_d = 1 where uniform < p.
  Tensor draw_one(const Batch& batch, std::int64_t d, const Tensor& uniform) override;

 private:
  NadeTensors tensors() const;
  Tensor draw_after(const Tensor& uniform, const Tensor& labels, const Tensor& given,
                    double temperature) const;
  Tensor given_first(std::string_view where, const Tensor& x, const Tensor& labels) const;
  ItemShape shape() const {
    return {options_.data_dim, options_.channels, options_.height, options_.width};
  }

  NadeOptions options_;
  Tensor order_, W_, V_, b_, c_;
  // With K classes: U [K, H]; log p(y) [K], a buffer; the order with the classes' places before it.
  Tensor U_, class_log_shares_, order_after_classes_;
};

}  // namespace kiln
