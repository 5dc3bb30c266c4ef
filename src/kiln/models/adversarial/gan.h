#pragma once

#include <torch/nn/modules/container/sequential.h>

#include "kiln/models/model.h"
#include "kiln/nn/adversarial/dense_critic.h"
#include "kiln/nn/adversarial/objective.h"
#include "kiln/nn/adversarial/unroll.h"

namespace kiln {

struct GanOptions {
  std::int64_t data_dim = 2;                         // D
  std::int64_t channels = 0, height = 0, width = 0;  // C, H, W; all 0 for tables
  std::int64_t latent = 64;                          // J
  std::int64_t hidden = 128;
  std::int64_t layers = 2;
  std::optional<std::int64_t> critic_hidden = std::nullopt;
  std::string objective = "nonsaturating";
  std::optional<std::int64_t> critic_steps = std::nullopt;
  std::optional<double> clip_weights = std::nullopt;
  std::optional<double> penalty = std::nullopt;
  double r1 = 0;
  bool spectral_norm = false;
  std::int64_t pack = 1;
  std::int64_t unroll = 0;  // K
  std::optional<InnerRule> unroll_rule = std::nullopt;
  bool unroll_first_order = false;
  double generator_rate = 1e-3;
  double critic_rate = 1e-3;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    const auto from_data = [](std::string_view help, double high) {
      return Field{.help = help, .low = 0, .high = high, .from_data = true};
    };
    visit("data_dim", self.data_dim,
          Field{.help = "numbers in x", .low = 1, .high = 1 << 24, .from_data = true});
    visit("channels", self.channels, from_data("of an image, 0 for a table", 4096));
    visit("height", self.height, from_data("of an image", 1 << 16));
    visit("width", self.width, from_data("of an image", 1 << 16));
    visit("latent", self.latent, Field{.help = "numbers in z", .low = 1, .high = 4096});
    visit("hidden", self.hidden, Field{.help = "units per dense layer", .low = 1, .high = 8192});
    visit("layers", self.layers, Field{.help = "dense layers each side", .low = 1, .high = 16});
    visit("critic_hidden", self.critic_hidden,
          Field{.help = "units of the critic's layers; auto: hidden", .low = 1, .high = 8192});
    visit("objective", self.objective,
          Field{.help = "minimax, nonsaturating, least_squares, hinge, wasserstein, "
                        "wasserstein_gp or f:NAME"});
    visit("critic_steps", self.critic_steps,
          Field{.help = "critic turns per generator turn; auto: 5 for wasserstein and "
                        "wasserstein_gp, else 1",
                .low = 1,
                .high = 1000});
    visit("clip_weights", self.clip_weights,
          Field{.help = "wasserstein: largest weight of the critic; auto: 0.01",
                .low = 1e-6,
                .high = 100});
    visit("penalty", self.penalty,
          Field{.help = "wasserstein_gp: weight of the gradient penalty; auto: 10",
                .low = 0,
                .high = 1e6});
    visit("r1", self.r1,
          Field{.help = "gamma; half of it weighs the squared slope at the data, 0: none",
                .low = 0,
                .high = 1e6});
    visit("spectral_norm", self.spectral_norm,
          Field{.help = "divide the critic's weights by their largest singular value"});
    visit("pack", self.pack,
          Field{.help = "items that the critic sees at once", .low = 1, .high = 64});
    visit("unroll", self.unroll,
          Field{.help = "critic steps that the generator looks ahead", .low = 0, .high = 100});
    visit("unroll_rule", self.unroll_rule, Field{.help = "of the steps ahead; auto: adam"});
    visit("unroll_first_order", self.unroll_first_order,
          Field{.help = "the generator takes the critic ahead as it is, without gradient through "
                        "its steps"});
    visit("generator_rate", self.generator_rate,
          Field{.help = "learning rate unless learning_rate sets both", .low = 0, .high = 1});
    visit("critic_rate", self.critic_rate,
          Field{.help = "learning rate unless learning_rate sets both; that of the steps ahead",
                .low = 0,
                .high = 1});
  }
};

/// Generative adversarial network of dense layers.  Goodfellow et al. 2014, arXiv:1406.2661, with
/// the objectives of nn/adversarial/objective.h and remedies for mode collapse: unrolling
/// (arXiv:1611.02163), packing (1712.04086), spectral normalisation (1802.05957), R1 (1801.04406).
///
/// Shapes: B batch, D data_dim, J latent, m pack; x [B, D] or [B, C, H, W], images in [-1, 1];
/// z ~ N(0, I) [B, J].  The critic sees m items as one, so B must be a multiple of m in training.
/// A round: critic_steps times a batch and the critic's turn, then the generator's turn on the last
/// batch.  Losses are means, in nats where the objective has logarithms.
class Gan : public Game, public Sampler, public Decoder, public Prior, public Critic {
 public:
  using Options = GanOptions;

  explicit Gan(const GanOptions& options);  ///< Throws ConfigError for options that do not fit.

  Tensor generate(const Tensor& z);        ///< z [B, J] -> G(z) as in Batch.
  Tensor critic_outputs(const Tensor& x);  ///< x as in Batch -> [B / m]. Throws ShapeError.
  /// The objective's loss with R1 and the gradient penalty.
  Tensor critic_loss(const Tensor& real, const Tensor& fake, Rng& rng);
  /// f_K: the generator's loss before the critic of K more steps on `real` and `fake`, with
  /// gradient to `fake`.  K = 0: the plain loss.  arXiv:1611.02163, section 2.2.
  Tensor generator_loss(const Tensor& real, const Tensor& fake);

  Values values() const override;
  void begin_round(const Batch& batch, Rng& rng) override;         ///< Makes the fake batch.
  std::vector<Player> players() override;                          ///< "critic", then "generator".
  Tensor sample(const SampleRequest& request, Rng& rng) override;  ///< G(temperature * z).
  Tensor decode_mean(const Tensor& z) override { return generate(z); }
  Tensor sample_prior(std::int64_t count, Rng& rng) override;
  Tensor realness_logits(const Tensor& x) override;  ///< Throws ConfigError where m > 1.

 private:
  Tensor packed(const Tensor& x) const;
  Objective critic_turn(const Tensor& real, Rng& rng);
  std::vector<Tensor> critic_ahead(const Tensor& real, const Tensor& fake);
  Objective generator_turn(const Tensor& real);
  void clip_weights();
  void keep_moments(const std::vector<Tensor>& slopes);

  GanOptions options_;
  AdversarialObjective objective_;
  torch::nn::Sequential generator_;
  std::shared_ptr<DenseCritic> critic_;
  std::vector<Tensor> first_, second_;  // buffers: moments of the critic's gradient, for unrolling
  Tensor moments_held_;                 // buffer: how many gradients they hold, int64 []
  Tensor fake_;  // G(z) of this round, with its graph: one turn of each player uses it
};

}  // namespace kiln
