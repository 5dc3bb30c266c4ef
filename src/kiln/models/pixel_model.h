#pragma once

#include <memory>

#include "kiln/core/recipe.h"
#include "kiln/models/coded.h"
#include "kiln/models/model.h"
#include "kiln/nn/code_input.h"
#include "kiln/nn/one_hot_labels.h"
#include "kiln/nn/pixel_draw.h"
#include "kiln/prob/item_shape.h"

namespace kiln {

/// Where the very first number of a picture comes from.
enum class FirstPixel {
  model,    ///< From the network, as all others.
  uniform,  ///< Every state is as likely.
  data      ///< As often as in the training data.
};
std::vector<std::pair<FirstPixel, std::string_view>> enum_names(FirstPixel);

/// What all pixels are conditioned on.
enum class PixelCondition {
  none,
  label,  ///< The class of the picture.
  code    ///< The vector that another run's encoder makes of it.
};
std::vector<std::pair<PixelCondition, std::string_view>> enum_names(PixelCondition);

/// What every model has that makes pictures pixel by pixel.
struct PixelOptions {
  std::int64_t data_dim = 784;  // D
  std::int64_t channels = 1;
  std::int64_t height = 28;
  std::int64_t width = 28;
  std::int64_t states = 0;  // q; 0: numbers of 0 and 1
  Ordering ordering = Ordering::raster;
  FirstPixel first_pixel = FirstPixel::model;
  PixelCondition condition = PixelCondition::none;
  std::int64_t classes = 0;    // of the data
  std::int64_t code_size = 0;  // J, of the data

  std::int64_t levels() const { return states > 1 ? states : 2; }
  /// K: the numbers that all is given.
  std::int64_t given_size() const {
    if (condition == PixelCondition::none) return 0;
    return condition == PixelCondition::label ? classes : code_size;
  }
};

template <class Options, class Visitor>
void visit_pixels(Options& options, Visitor&& visit) {
  visit_item_shape(options, visit, 1 << 20);
  visit("states", options.states,
        Field{.help = "values that each number takes; 0: the data are made 0 and 1",
              .low = 0,
              .high = 1024,
              .from_data = true});
  visit("ordering", options.ordering,
        Field{.help = "in which order the pixels are visited: raster, column or serpentine"});
  visit("first_pixel", options.first_pixel,
        Field{.help = "the law of the first number: the model's own, uniform, or the data's"});
  visit_condition(options, visit,
                  "label: the law of x given its class; code: given what the encoder of --encoder "
                  "makes of it");
  visit(
      "code_size", options.code_size,
      Field{.help = "numbers of a code, 0 for none", .low = 0, .high = 1 << 16, .from_data = true});
}

/// An exact density of pictures as the product of the laws of their numbers, pixel after pixel,
/// each given all before it: PixelRNN and PixelCNN, arXiv:1601.06759, eq. (1) and (2).
///
///   p(x) = prod_i p(x_i,1 | x_<i) p(x_i,2 | x_<i, x_i,1) ... over the channels of pixel i
///
/// A model adds a network of masked layers that gives all these laws in one pass, and the same
/// network as it goes on by one pixel.  Orderings turn the picture before the network sees it: a
/// column ordering exchanges rows and columns, serpentine flips every second row.
/// With condition label it is p(x|y), and class_logits are Bayes' rule.  With condition code it is
/// p(x|c), c the part "code" of a batch; samples are then given codes of training items, where a
/// request gives none.
/// Shapes: B batch, C H W image, D = C H W, q states, O output maps; x [B, C, H, W] of
/// whole numbers 0 .. q - 1, or flat [B, D].  Densities are in nats.
class PixelModel : public Game,
                   public Sampler,
                   public Autoregressive,
                   public Completer,
                   public Classifier,
                   public Coded {
 public:
  Values values() const override { return binarised_ ? Values::binary : Values::states; }
  std::int64_t states() const override { return binarised_ ? 0 : law_->states(); }
  /// p(y) = the classes' shares.
  void start_from_data(const DataMoments& moments) override;
  bool adds_over_items() const override { return true; }
  std::vector<Player> players() override;  ///< One player; loss: -log p(x) averaged over B, [].
  void begin_round(const Batch& batch, Rng& rng) override;  ///< Counts first numbers.

  /// [B], exact.  Throws ShapeError for another shape, ConfigError for other values.
  Tensor log_prob(const Batch& batch) override;
  /// [B, O, H, W] of the picture as the network sees it: outputs of all laws.
  Tensor logits(const Batch& batch);

  Conditions conditions() const override;
  std::int64_t classes() const override { return classes_; }
  std::int64_t code_size() const override { return code_input_ ? code_input_->size() : 0; }
  void start_from_codes(const Tensor& codes) override { code_input_->start_from(codes); }
  std::vector<std::string> needed_fields() const override;
  Tensor class_logits(const Batch& batch) override;  ///< Throws ConfigError without a condition.
  Tensor draw_samples(const SampleRequest& request, Rng& rng) override;

  /// Exact draws given numbers that all come before the unknown ones in the ordering.  Throws
  /// ConfigError for other patterns.  x is not read where known is 0.
  Tensor complete(const Batch& batch, const Tensor& known, Rng& rng) override;

  const Tensor& ordering() const override { return order_; }
  Tensor log_conditionals(const Batch& batch) override;
  Tensor draw(const Batch& uniform) override;
  Tensor draw_one(const Batch& batch, std::int64_t d, const Tensor& uniform) override;

 protected:
  /// `name` as in messages; no law: a Bernoulli law or softmax for each number.  Throws ConfigError
  /// for options that do not go together.  `first`: every first-th pixel of every first-th row is
  /// visited before all others.
  PixelModel(std::string name, const PixelOptions& options,
             std::unique_ptr<const PixelLaw> law = nullptr, std::int64_t first = 1);

  /// All laws in one pass.  scaled [B, C, H', W'], as the network sees pictures; given [B, K] or
  /// undefined: what all is conditioned on -> [B, O, H', W'].
  virtual Tensor maps(const Tensor& scaled, const Tensor& given) = 0;
  /// The same network step by step.  given [count, K] or undefined.
  virtual std::unique_ptr<PixelStepper> stepper(const Tensor& given, std::int64_t lanes) = 0;
  /// Draws by steppers; another order than reading order has a way of its own.
  virtual Tensor stepped(const PixelDraw& draw, const Tensor& given);
  /// Rows of what all is given, where it is.
  static Tensor rows_of(const Tensor& given, std::int64_t first, std::int64_t count) {
    return given.defined() ? given.narrow(0, first, count) : given;
  }

  const PixelLaw& law() const { return *law_; }
  std::int64_t seen_height() const { return height_; }  ///< H', as the network sees pictures.
  std::int64_t seen_width() const { return width_; }
  std::string where(const char* function) const { return name_ + "." + function; }

 private:
  Tensor checked_states(const char* function, const Tensor& x) const;   // [B, D]
  Tensor seen(const Tensor& flat) const;                                // [B, D] -> [B, C, H', W']
  Tensor natural(const Tensor& seen) const;                             // back, [B, D]
  Tensor condition_of(const char* function, const Batch& batch) const;  // [B, K], or undefined
  Tensor first_shares() const;
  Tensor drawn(PixelDraw draw, const Tensor& given);
  PixelDraw unconditional(const Tensor& uniform) const;

  std::string name_;
  ItemShape shape_;
  bool binarised_;
  Ordering kind_;
  FirstPixel first_pixel_;
  std::unique_ptr<const PixelLaw> law_;
  std::int64_t classes_, height_, width_;
  Tensor places_;  // [D]: where number i of the picture that the network sees lies in x
  Tensor back_, order_;
  std::vector<std::int64_t> pixels_;  // of that picture, in the order of their visit
  Tensor first_counts_;               // [q], with first_pixel data
  Tensor class_log_shares_;           // [K], with classes
  CodeInput code_input_{nullptr};
};

}  // namespace kiln
