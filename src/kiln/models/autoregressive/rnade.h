#pragma once

#include "kiln/core/recipe.h"
#include "kiln/kernels/rnade_scan_twin.h"
#include "kiln/models/model.h"
#include "kiln/nn/standardiser.h"
#include "kiln/prob/item_shape.h"

namespace kiln {

struct RnadeOptions {
  std::int64_t data_dim = 2;     // D
  std::int64_t hidden = 50;      // H
  std::int64_t components = 10;  // K
  MixtureComponent component = MixtureComponent::gaussian;
  RnadeActivation activation = RnadeActivation::relu;
  double min_log_sigma = -7;
  bool scaled_mean_gradient = false;
  Ordering ordering = Ordering::raster;
  std::int64_t ordering_seed = 1;
  std::string ordering_steps = {};  // of ordering file

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit("data_dim", self.data_dim,
          Field{.help = "columns of the table", .low = 1, .high = 1 << 20, .from_data = true});
    visit("hidden", self.hidden, Field{.help = "hidden units", .low = 1, .high = 1 << 16});
    visit("components", self.components,
          Field{.help = "components of each conditional's mixture", .low = 1, .high = 1 << 10});
    visit("component", self.component, Field{.help = "law of a component"});
    visit("activation", self.activation, Field{.help = "of the hidden units"});
    visit("min_log_sigma", self.min_log_sigma,
          Field{.help = "floor of log sigma, in standardised units", .low = -20, .high = 0});
    visit("scaled_mean_gradient", self.scaled_mean_gradient,
          Field{.help = "multiply the gradient of a component's mean by its sigma"});
    visit_ordering(self, visit,
                   "in which order the columns are visited; all but random and file are theirs");
  }
};

/// Real-valued neural autoregressive density estimator. Uria, Murray & Larochelle 2013, NIPS,
/// arXiv:1306.0186.
///
///   p(y) = prod_i p(y_d | numbers before d),  d = o_i;   y = (x - shift) / scale
///   a_1 = c,  a_{i+1} = a_i + y_d W_d;   h_i = f(rho_d a_i),  f = ReLU or sigmoid
///   p(y_d | ...) = sum_k alpha_k N(y_d; mu_k, sigma_k^2), or Laplace of scale sigma_k, where
///   alpha, mu, sigma = softmax, identity, exp of three linear functions V_d^T h_i + b_d
///
/// Shapes: B batch, D data_dim, H hidden, K components.  x is [B, D], real, in the data's own
/// units. Densities are in nats, of x: log p(x) = log p(y) - sum log scale.  shift and scale are
/// buffers, the mean and the deviation of the training data; 0 and 1 before start_from_data.
/// Parameters: H D + H + D + D (H + 1) 3K.
/// Differs from the paper: sigma = exp(z) + exp(min_log_sigma), so that no sigma falls to the floor
/// without a slope; Adam instead of decayed SGD; no factor on the gradient of mu unless asked for.
class Rnade : public Game,
              public Sampler,
              public Autoregressive,
              public Standardised,
              public Completer {
 public:
  using Options = RnadeOptions;
  static std::vector<RecipeFor<Options>> recipes();

  explicit Rnade(const RnadeOptions& options);  ///< Throws ConfigError if a size is out of range.

  Values values() const override { return Values::real; }
  /// Sets shift and scale.  Throws ConfigError for a column that does not vary, naming it.
  void start_from_data(const DataMoments& moments) override;
  bool adds_over_items() const override { return true; }
  std::vector<Player> players() override;  ///< One player; loss: -log p(y) averaged over B, [].

  /// [B], exact, in x's units.  Throws ShapeError for another shape, ConfigError unless x is
  /// finite.
  Tensor log_prob(const Batch& batch) override;
  double log_volume() const override;  ///< sum_d log scale_d, nats.
  /// The laws of every y_d given the numbers before d: fields [B, D, K], in standardised units.
  ScaleMixture conditionals(const Tensor& x);
  /// P(X_d <= x_d | numbers before d), [B, D]: uniform and independent where the model is right.
  Tensor conditional_cdf(const Tensor& x);
  Conditions conditions() const override {
    return {.temperature = Conditions::Temperature::positive};
  }
  /// [count, D].  The temperature divides the logits of alpha and multiplies a Gaussian's variance
  /// and a Laplace's scale.
  Tensor draw_samples(const SampleRequest& request, Rng& rng) override;

  /// Exact draws given columns that all come before the unknown ones in the ordering.  Throws
  /// ConfigError for other patterns.  x is not read where known is 0.
  Tensor complete(const Batch& batch, const Tensor& known, Rng& rng) override;

  const Tensor& ordering() const override { return order_; }
  Tensor log_conditionals(const Batch& batch) override;
  Tensor draw(const Batch& uniform) override;
  Tensor draw_one(const Batch& batch, std::int64_t d, const Tensor& uniform) override;

 private:
  RnadeTensors tensors() const { return {W_, rho_, c_, V_, b_, order_}; }
  Tensor standardise(const char* where, const Tensor& x) const;

  RnadeOptions options_;
  RnadeLaw law_;
  Tensor order_, W_, rho_, c_, V_, b_;
  NumberScale scale_;
};

}  // namespace kiln
