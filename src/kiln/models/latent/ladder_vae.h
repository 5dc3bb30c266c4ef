#pragma once

#include <torch/nn/modules/container/sequential.h>

#include "kiln/core/recipe.h"
#include "kiln/models/latent_joint.h"
#include "kiln/models/model.h"
#include "kiln/nn/decoder_law.h"
#include "kiln/nn/dense_layer.h"
#include "kiln/nn/warmup.h"
#include "kiln/prob/diag_normal.h"
#include "kiln/prob/item_shape.h"

namespace kiln {

struct LadderVaeOptions {
  std::int64_t data_dim = 784;                       // D
  std::int64_t channels = 0, height = 0, width = 0;  // C, H, W; all 0 for tables
  std::string latents = "64,32,16,8,4";              // J_1, ..., J_L: the level next to x first
  std::optional<std::string> hidden = std::nullopt;  // H_1, ..., H_L
  std::int64_t layers = 2;
  std::int64_t kl_warmup = 2000;
  DecoderKind decoder = DecoderKind::bernoulli;
  std::optional<double> sigma = std::nullopt;
  std::int64_t states = 0;  // q of the data

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit_item_shape(self, visit, 1 << 24);
    visit("latents", self.latents,
          Field{.help = "latent variables of each level, next to the data first, as 64,32,16"});
    visit("hidden", self.hidden,
          Field{.help = "units of each level's layers, as 512,256; one number is for all levels; "
                        "auto: 512, halved from level to level down to 64"});
    visit("layers", self.layers, Field{.help = "layers of each network", .low = 1, .high = 16});
    visit("kl_warmup", self.kl_warmup,
          Field{.help = "rounds in which the weight of the divergence rises from 0 to 1, 0: none",
                .low = 0,
                .high = 1e12});
    visit_decoder_law(self, visit);
  }
};

/// Ladder variational autoencoder. Sonderby, Raiko, Maaloe, Sonderby & Winther 2016,
/// arXiv:1602.02282.
///
///   p(x, z) = p(x|z_1) p(z_1|z_2) ... p(z_{L-1}|z_L) p(z_L),   q(z|x) = q(z_L|x) ... q(z_1|z_2, x)
///
/// Shapes: B batch, D data_dim, L levels (1 to 5; level 1 is next to x), J_l latent variables of
/// level l, J their sum, K draws; x is [B, D], or [B, C, H, W] for images.  decoder_law.h says
/// which values x must take.  Densities are in nats.  Where all levels stand in one tensor [...,
/// J], level 1 comes first. With one level it is a VAE. Differs from the paper: no batch
/// normalisation, so that every bound belongs to its item alone; variances are exponentials kept in
/// [e^-10, e^10], in place of softplus; warm-up in rounds.
class LadderVae : public Game,
                  public Sampler,
                  public Bound,
                  public Encoder,
                  public Decoder,
                  public Prior,
                  public LatentJoint {
 public:
  using Options = LadderVaeOptions;
  static std::vector<RecipeFor<Options>> recipes();
  struct Terms {
    Tensor elbo, reconstruction;  ///< Each [B], nats; elbo = reconstruction - sum_l kl.
    Tensor kl;                    ///< [B, L]: KL(q(z_l|z_{l+1}, x) || p(z_l|z_{l+1})).
  };

  /// Throws ConfigError if a size is out of range, or a list does not fit the levels.
  explicit LadderVae(const LadderVaeOptions& options);

  std::int64_t levels() const { return static_cast<std::int64_t>(latents_.size()); }  ///< L.

  /// The way up: mu^_l and s^_l of every level, each [B, J_l].  Sec. 2.
  std::vector<DiagNormal> evidence(const Tensor& x);
  /// p(z_l | z_{l+1}), l = 1 ... L - 1; above [..., J_{l+1}] -> [..., J_l].
  DiagNormal prior(std::int64_t level, const Tensor& above);
  /// z_1 [..., J_1] -> parameters of the decoder's law [..., P D]; of bernoulli the logits.
  Tensor decode_parameters(const Tensor& z);

  /// The bound with one draw of every level.  Throws ShapeError unless x is as above.
  Terms bound_terms(const Tensor& x, Rng& rng);
  /// The same with z_l = mean + std * noise_l; noise [B, J].
  Terms bound_terms(const Tensor& x, const Tensor& noise);
  /// log p(x, z) - log q(z|x) at K draws of z from q: [K, B].  The draws do not depend on how K is
  /// split over calls.
  Tensor log_weights(const Tensor& x, std::int64_t draws, Rng& rng);
  /// What training multiplies the divergence by in this round: rounds / kl_warmup, at most 1.
  double kl_weight() const { return warmup_.weight(); }

  Values values() const override { return law_.value_set().kind; }
  std::int64_t states() const override { return law_.value_set().states; }
  bool bounds_mass() const override { return options_.decoder != DecoderKind::gaussian; }
  std::vector<std::string> training_buffers() const override { return {"round"}; }
  /// The output bias becomes the law of the data's moments that ignores z, nearly (log-odds of the
  /// mean, clamped to [0.001, 0.999]).
  void start_from_data(const DataMoments& moments) override;
  bool adds_over_items() const override { return true; }
  std::vector<Player> players() override;  ///< One player; loss: -elbo, its KL weighted, [].
  void begin_round(const Batch& batch, Rng& rng) override;  ///< Counts the rounds of the warm-up.
  Tensor elbo(const Batch& batch, Rng& rng) override;       ///< [B].
  /// [B], rises with K to log p(x).  Without gradients memory does not grow with K.
  Tensor log_prob_iwae(const Batch& batch, std::int64_t draws, Rng& rng) override;

  // A code c [B, J] holds every level, as seen from its prior: z_l = mu_p + s_p c_l.  So codes have
  // the prior N(0, I), and the mean of x given a code is exact.
  std::int64_t code_size() const override { return code_size_; }
  /// The code of the path z_l = mu_q(z_{l+1}, x), which takes the mean at every level.
  Tensor encode_mean(const Batch& batch) override;
  Tensor encode_draw(const Batch& batch, Rng& rng) override;
  Tensor decode_mean(const Tensor& code) override;
  Tensor sample_prior(std::int64_t count, Rng& rng) override;
  std::int64_t latent_size() const override { return code_size_; }
  /// At a code, of which p(x|c) = p(x|z_1(c)).
  Tensor log_likelihood(const Batch& batch, const Tensor& code) override;
  Tensor draw_given(const Tensor& code, const Tensor& labels, Rng& rng) override;
  /// Codes from N(0, T I), then x ~ p(x|z_1): as DecoderLaw draws.
  Tensor draw_samples(const SampleRequest& request, Rng& rng) override;

 private:
  /// Two laws of a level, and the draw that the level below sees.
  struct Rung {
    DiagNormal p, q;
    Tensor noise, z;  // z = q.at_noise(noise)
  };
  ItemShape shape() const;
  torch::nn::Sequential make_network(const std::string& name, std::int64_t in, std::int64_t units);
  std::vector<Rung> descend(const std::vector<DiagNormal>& evidence, const Tensor& noise);
  Tensor log_weights(const Tensor& x, const std::vector<DiagNormal>& evidence, std::int64_t draws,
                     Rng& rng);
  Tensor codes_at(const Tensor& x, const Tensor& noise);
  Tensor lowest_level(const Tensor& code);
  Tensor normal(at::IntArrayRef shape, Rng& rng) const;  // in the weights' type

  LadderVaeOptions options_;
  std::vector<std::int64_t> latents_, hidden_;  // J_l, H_l
  std::int64_t code_size_;                      // J
  // Level l = 1 ... L stands at l - 1.  Every head gives a mean and a log variance.
  std::vector<torch::nn::Sequential> up_, down_;
  std::vector<DenseLayer> up_head_, down_head_;
  torch::nn::Sequential decoder_;
  DecoderLaw law_;
  DenseLayer decoder_out_;
  Warmup warmup_;  // of the divergence
};

}  // namespace kiln
