#pragma once

#include "kiln/core/recipe.h"
#include "kiln/models/model.h"
#include "kiln/nn/code_network.h"

namespace kiln {

enum class WaePenalty { mmd, gan };
std::vector<std::pair<WaePenalty, std::string_view>> enum_names(WaePenalty);

struct WaeOptions {
  std::int64_t data_dim = 784;                       // D
  std::int64_t channels = 0, height = 0, width = 0;  // C, H, W; all 0 for tables
  std::int64_t latent = 8;                           // J
  CoderNetwork network = CoderNetwork::dense;
  std::int64_t hidden = 500;
  std::int64_t layers = 2;
  std::int64_t filters = 32;
  WaePenalty penalty = WaePenalty::mmd;
  double lambda = 10;
  double prior_scale = 1;
  std::optional<std::int64_t> critic_hidden = std::nullopt;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit_code_network(self, visit);
    visit("penalty", self.penalty,
          Field{.help = "what draws the codes to the prior: mmd, or a critic (gan)"});
    visit("lambda", self.lambda, Field{.help = "weight of the penalty", .low = 0, .high = 1e6});
    visit("prior_scale", self.prior_scale,
          Field{.help = "sigma of the prior N(0, sigma^2 I)", .low = 1e-3, .high = 1e3});
    visit("critic_hidden", self.critic_hidden,
          Field{.help = "units in the critic's 4 layers (gan); auto: 512", .low = 1, .high = 8192});
  }
};

/// Wasserstein autoencoder. Tolstikhin et al. 2018, arXiv:1711.01558.
///
///   min E_x |x - G(f(x))|^2 + lambda D(q_Z, p_Z),   p_Z = N(0, sigma^2 I)
///
/// Shapes: B batch, D data_dim, J latent; x is [B, D], or [B, C, H, W] for images.  The cost is
/// summed over D, so that lambda keeps its meaning.  The encoder f is deterministic; q_Z is the law
/// of f(x).  D is MMD^2 under inverse multiquadratic kernels of seven scales, or -log of a critic's
/// belief that a code is a prior's (the paper's WAE-GAN).
/// Differs from the paper: dense layers unless asked for more, no batch normalisation; no noise on
/// the codes and no pretraining of the encoder, which the authors' code has; constant rates.
class Wae : public Game, public Sampler, public Encoder, public Decoder, public Prior {
 public:
  using Options = WaeOptions;
  static std::vector<RecipeFor<Options>> recipes();

  explicit Wae(const WaeOptions& options);  ///< Throws ConfigError if a size is out of range.

  Tensor encode(const Tensor& x) { return network_->encode(x); }  ///< f(x) [B, J].
  /// |x - G(z)|^2 summed over D, [B].
  Tensor cost(const Tensor& x, const Tensor& z) { return network_->error(x, z); }
  /// Unbiased MMD^2 between codes and as many draws of the prior, both [B, J]: []. Algorithm 2.
  Tensor mmd2(const Tensor& codes, const Tensor& prior) const;
  Tensor critic_logits(const Tensor& z);  ///< [B, J] -> log-odds of being the prior's, [B, 1].

  Values values() const override { return network_->values(); }
  void start_from_data(const DataMoments& moments) override;
  void begin_round(const Batch& batch, Rng& rng) override;  ///< Encodes the batch.
  std::vector<Player> players() override;                   ///< "model", and for gan "critic".
  std::int64_t code_size() const override { return options_.latent; }
  Tensor encode_mean(const Batch& batch) override { return encode(batch.x); }
  Tensor decode_mean(const Tensor& z) override { return network_->decode_mean(z); }
  Tensor sample_prior(std::int64_t count, Rng& rng) override;
  Tensor prior_quantile(const Tensor& u) const override;
  Tensor draw_samples(const SampleRequest& request, Rng& rng) override;  ///< G(sqrt(T) z).

 private:
  Objective model_turn(const Tensor& x, Rng& rng);
  Objective critic_turn(Rng& rng);

  WaeOptions options_;
  std::shared_ptr<CodeNetwork> network_;
  torch::nn::Sequential critic_{nullptr};
  Tensor codes_;  // f(x) of this round, with its graph: one turn of each player uses it
};

}  // namespace kiln
