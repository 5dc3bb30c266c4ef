#pragma once

#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>

#include "kiln/models/latent_joint.h"
#include "kiln/models/model.h"
#include "kiln/models/vae_options.h"
#include "kiln/nn/coder.h"
#include "kiln/nn/decoder_law.h"
#include "kiln/nn/posterior.h"
#include "kiln/nn/warmup.h"
#include "kiln/prob/item_shape.h"

namespace kiln {

/// Variational autoencoder. Kingma & Welling 2014, arXiv:1312.6114; with the importance-weighted
/// objective of Burda, Grosse & Salakhutdinov 2016, arXiv:1509.00519, beta of Higgins et al. 2017,
/// free bits of Kingma et al. 2016, arXiv:1606.04934, and that paper's and others' posteriors.
///
/// Shapes: B batch, D data_dim, J latent, K draws, C classes; x is [B, D], or [B, C, H, W] for
/// images.  Densities are in nats, summed over D.  decoder_law.h says which values x must take.
/// Differs from the paper: two layers each side, ReLU unless asked; Adam in place of Adagrad; the
/// Gaussian decoder has one variance for all of D, learned or fixed; no prior on the weights.
/// Every bound belongs to its item alone: no layer looks across the batch.  Bounds are true bounds
/// whatever beta, free bits and warm-up did in training.
///
/// With condition label both networks are told the class; every density is then given the label,
/// and batches must have labels.  A code is z followed by the class, one-hot: [B, J + C].
class Vae : public Game,
            public Sampler,
            public Bound,
            public Encoder,
            public Decoder,
            public Prior,
            public LatentJoint {
 public:
  using Options = VaeOptions;
  static std::vector<RecipeFor<Options>> recipes() { return vae_recipes(); }
  struct Terms {
    Tensor elbo, reconstruction, kl;  ///< Each [B], nats; elbo = reconstruction - kl.
  };

  /// Throws ConfigError if a size is out of range, if the network cannot take the images, or for
  /// options that do not go together.
  explicit Vae(const VaeOptions& options);

  /// q(z|x), [B, J].  Eq. (9).  Log variances of the base law are kept in [-10, 10].
  PosteriorLaw encode(const Batch& batch);
  /// Codes [..., B, code_size()] -> parameters of the decoder's law [..., B, P D].  App. C.1, C.2.
  Tensor decode_parameters(const Tensor& codes);
  const DecoderLaw& law() const { return law_; }

  /// Eq. (10), one draw.  Throws ShapeError unless x is as above.
  Terms bound_terms(const Batch& batch, Rng& rng);
  /// The same at the draw of q made from noise [B, J].
  Terms bound_terms(const Batch& batch, const Tensor& noise);
  /// log p(x, z) - log q(z|x) at K draws of z from q: [K, B].  The draws do not depend on how K is
  /// split over calls.
  Tensor log_weights(const Batch& batch, std::int64_t draws, Rng& rng);

  Values values() const override { return law_.value_set().kind; }
  std::int64_t states() const override { return law_.value_set().states; }
  bool bounds_mass() const override { return options_.decoder != DecoderKind::gaussian; }
  std::vector<std::string> training_buffers() const override { return {"round"}; }
  /// The output bias becomes the law of the data's moments: the decoder starts as the best law that
  /// ignores z, nearly (log-odds of the mean, clamped to [0.001, 0.999]).
  void start_from_data(const DataMoments& moments) override;
  /// One player; loss, averaged over B, []: minus the mean of K bounds (elbo), or minus L_K (iwae).
  /// The divergence is weighed by beta, after a climb from beta / kl_warmup in the first round;
  /// with free bits it is sum_j max(free_bits, mean over B of KL_j).  With gradient_draws the loss
  /// is the same number, and its gradient that of a few draws: the same on average.
  std::vector<Player> players() override;
  /// Not with free bits, which look at the mean over the batch.
  bool adds_over_items() const override { return options_.free_bits == 0; }
  void begin_round(const Batch& batch, Rng& rng) override;  ///< Counts rounds for kl_warmup.
  Tensor elbo(const Batch& batch, Rng& rng) override;       ///< [B].
  /// [B], rises with K to log p(x).  arXiv:1509.00519, eq. (8).  Without gradients memory does not
  /// grow with K; with gradients the whole graph is kept, so K should be small.
  Tensor log_prob_iwae(const Batch& batch, std::int64_t draws, Rng& rng) override;

  std::int64_t training_draws() const override {
    return options_.objective == VaeObjective::iwae ? options_.k : 1;
  }

  std::int64_t code_size() const override { return options_.latent + classes(); }
  /// z at no noise.  A conditional model takes the class whose bound, at no noise, is the largest.
  Tensor encode_mean(const Batch& batch) override;
  Tensor encode_draw(const Batch& batch,
                     Rng& rng) override;  ///< The class by the bound at that draw.
  Tensor decode_mean(const Tensor& codes) override;
  Tensor sample_prior(std::int64_t count, Rng& rng) override;  ///< Classes come in turn.
  Tensor prior_quantile(const Tensor& u) const override;  ///< Throws ConfigError with condition.
  std::int64_t latent_size() const override { return options_.latent; }
  Tensor log_likelihood(const Batch& batch, const Tensor& z) override;
  Tensor draw_given(const Tensor& z, const Tensor& labels, Rng& rng) override;
  Conditions conditions() const override { return {.classes = classes()}; }
  /// z ~ N(0, T I), then x ~ p(x|z): as DecoderLaw draws.
  Tensor draw_samples(const SampleRequest& request, Rng& rng) override;

 private:
  bool is_conditional() const { return options_.condition == Condition::label; }
  std::int64_t classes() const { return is_conditional() ? options_.classes : 0; }
  ItemShape shape() const;
  void check_x(const char* where, const Tensor& x) const;
  Tensor one_hot(const Tensor& labels, std::int64_t items) const;
  Tensor codes_at(const Tensor& x, const Tensor& noise);
  Tensor with_class(const Tensor& z, const Tensor& labels) const;
  Tensor normal(at::IntArrayRef shape, Rng& rng) const;  // in the weights' type
  Tensor log_weights(const Batch& batch, const PosteriorLaw& q, std::int64_t draws, Rng& rng);
  double kl_weight() const;
  Objective objective(const Batch& batch, Rng& rng);
  struct DrawnTerms;
  DrawnTerms drawn_terms(const Batch& batch, const PosteriorLaw& q, const Tensor& noise);
  Tensor importance_loss(const Batch& batch, const PosteriorLaw& q, const Tensor& noise, Rng& rng,
                         const DrawnTerms& all);
  bool few_carry_the_gradient() const;
  std::int64_t widest_layer() const;  // numbers per item

  VaeOptions options_;
  DecoderLaw law_;
  torch::nn::Sequential encoder_;
  torch::nn::Linear encoder_mean_, encoder_log_var_;
  torch::nn::Sequential decoder_;  // its last parameter is the output bias
  Posterior posterior_;
  Warmup warmup_;  // of the divergence
};

}  // namespace kiln
