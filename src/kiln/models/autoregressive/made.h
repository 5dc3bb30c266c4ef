#pragma once

#include <torch/nn/modules/linear.h>

#include "kiln/core/recipe.h"
#include "kiln/models/model.h"
#include "kiln/nn/masked_network.h"
#include "kiln/nn/one_hot_labels.h"
#include "kiln/prob/item_shape.h"

namespace kiln {

struct MadeOptions {
  std::int64_t data_dim = 784;  // D
  std::int64_t channels = 0;    // 0 for tables: x is [B, D]
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t hidden = 500;  // H
  std::int64_t layers = 1;    // L
  std::int64_t masks = 1;     // R
  std::int64_t mask_seed = 1;
  bool direct = false;
  MaskedActivation activation = MaskedActivation::relu;
  Ordering ordering = Ordering::raster;
  std::int64_t ordering_seed = 1;
  std::string ordering_steps = {};  // of ordering file
  bool order_agnostic = false;
  Condition condition = Condition::none;
  std::int64_t classes = 0;  // K, of the data

  std::int64_t conditional_classes() const { return condition == Condition::label ? classes : 0; }

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit_item_shape(self, visit, 1 << 16);
    visit("hidden", self.hidden,
          Field{.help = "units in each hidden layer", .low = 1, .high = 1 << 16});
    visit("layers", self.layers, Field{.help = "hidden layers", .low = 0, .high = 8});
    visit(
        "masks", self.masks,
        Field{
            .help = "mask sets, cycled in training and averaged in log p", .low = 1, .high = 1024});
    visit("mask_seed", self.mask_seed, Field{.help = "seed of the mask sets"});
    visit("direct", self.direct, Field{.help = "connect inputs to logits directly too"});
    visit("activation", self.activation, Field{.help = "of the hidden units"});
    visit_ordering(self, visit, "in which order the pixels are visited");
    visit("order_agnostic", self.order_agnostic,
          Field{.help = "give every mask set after the first a random order of its own"});
    visit_condition(self, visit);
  }
};

/// Masked autoencoder for distribution estimation, binary x. Germain et al. 2015, arXiv:1502.03509.
///
///   h_l = g(b_l + (W_l * M_l) h_{l-1}),   logits = c + (V * M^V) h_L + (A * M^A) x
///
/// With condition label it is p(x|y): the first hidden layer's b_1 + U_y in place of b_1 (c + U_y
/// without hidden layers), and class_logits are Bayes' rule, log p(x|y) + log p(y).
///
/// Shapes: B batch, D data_dim, H hidden, R masks; x is [B, D], or [B, C, H, W] when channels > 0,
/// of 0 and 1.  Densities are in nats.  R mask sets share the weights; the density is the mean of
/// theirs, p(x) = (1/R) sum_r p_r(x).  Without hidden layers and with `direct` this is the fully
/// visible sigmoid belief network of Frey 1998: p(x_d = 1 | ...) = sigmoid(c_d + sum A_de x_e).
/// Differs from the paper: Adam instead of Adagrad; c can start from the data; order_agnostic takes
/// its orders from the R sets, so that they are R different ones instead of one per minibatch.
class Made : public Game, public Sampler, public Autoregressive, public Classifier {
 public:
  using Options = MadeOptions;
  static std::vector<RecipeFor<Options>> recipes();

  /// Throws ConfigError if a size is out of range, or for an option that would do nothing.
  explicit Made(const MadeOptions& options);

  Values values() const override { return Values::binary; }
  std::vector<NamedTensor> constants() const override;
  std::vector<std::string> training_buffers() const override { return {"round"}; }
  void start_from_data(const DataMoments& moments) override;  ///< c = log-odds of the mean.
  bool adds_over_items() const override { return true; }
  std::vector<Player> players() override;  ///< One player; loss: -log p_r(x) averaged over B, [].
  void begin_round(const Batch& batch, Rng& rng) override;  ///< The next mask set, r.

  /// [B], exact.  Throws ShapeError for another shape, ConfigError unless x is 0 or 1.
  Tensor log_prob(const Batch& batch) override;
  Tensor log_prob_of(std::int64_t set, const Batch& batch);  ///< log p_r(x), [B].
  Tensor logits(std::int64_t set, const Batch& batch);       ///< [B, D] of set r, natural places.

  Conditions conditions() const override {
    return {.classes = classes(), .temperature = Conditions::Temperature::positive};
  }
  std::int64_t classes() const override { return options_.conditional_classes(); }
  Tensor class_logits(const Batch& batch) override;  ///< Throws ConfigError without a condition.
  /// Each item from a mask set of its own: [count, D] or [count, C, H, W].
  Tensor draw_samples(const SampleRequest& request, Rng& rng) override;

  // The autoregressive interface.  Sets that share the order make a mixture with exact conditionals
  // in that order, and these are meant.  If order_agnostic, they are those of set 0 alone, and add
  // up to log_prob_of(0, x): in no one order does the mixture have conditionals that are not sums
  // over 2^D terms.
  const Tensor& ordering() const override { return sets_.front().order; }
  Tensor log_conditionals(const Batch& batch) override;
  Tensor draw(const Batch& uniform) override;  ///< x_d = 1 where uniform < p.
  Tensor draw_one(const Batch& batch, std::int64_t d, const Tensor& uniform) override;

  const Degrees& degrees(std::int64_t set) const { return sets_[static_cast<std::size_t>(set)]; }

 private:
  ItemShape shape() const;
  MaskedNetwork network() const;
  MaskedNetwork network_given(std::int64_t label) const;
  Tensor set_conditionals(const Batch& batch, std::int64_t sets);  // [sets, B, D], nats
  std::int64_t shared_sets() const { return options_.order_agnostic ? 1 : options_.masks; }
  Tensor draw_from(std::int64_t first, std::int64_t sets, const Batch& uniform,
                   double temperature) const;

  MadeOptions options_;
  std::vector<Degrees> sets_;
  std::vector<torch::nn::Linear> hidden_;
  Tensor V_, c_, direct_;
  Tensor U_, class_log_shares_;  // with K classes: [K, H], or [K, D] without hidden layers; [K]
  Tensor round_;                 // [] int64, counts rounds of training; kept in checkpoints
};

}  // namespace kiln
