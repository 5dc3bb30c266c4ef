#pragma once

#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>

#include "kiln/models/infogan_options.h"
#include "kiln/models/informative.h"
#include "kiln/models/model.h"

namespace kiln {

/// InfoGAN.  Chen, Duan, Houthooft, Schulman, Sutskever & Abbeel 2016, arXiv:1606.03657.
///
/// Shapes: B batch, J noise, K categories; x [B, D] or [B, C, H, W], images in [-1, 1].  A code is
/// the noise z ~ N(0, I) [J], then the categorical codes, one-hot of K places each, then the
/// continuous ones.  Q(c|x) shares the critic's layers but the last; it is a softmax for a class
/// and a normal law for a number.  Losses are in nats.
/// Real and fake batches pass the critic separately, each normalised by its own statistics.
/// Differs from the paper: the generator is DCGAN's, without a dense layer; log s of Q's normal
/// laws is learned and held to at least -3, so that it cannot run away.
class Infogan : public Game,
                public Sampler,
                public Decoder,
                public Prior,
                public Critic,
                public Informative {
 public:
  using Options = InfoganOptions;
  static std::vector<RecipeFor<Options>> recipes() { return infogan_recipes(); }

  explicit Infogan(const InfoganOptions& options);  ///< Throws ConfigError.

  Tensor generate(const Tensor& codes);  ///< [B, J + codes] -> G(z, c) as in Batch.
  /// What Q says of x, as in Batch: [B, outputs]; K logits for each class, then mean and log s of
  /// each number.
  Tensor read(const Tensor& x);
  /// Eq. (5): log Q(c|x) + H(c) for every part of the codes, nats: read(x) [B, outputs], codes
  /// [B, J + codes] -> [B, parts].
  Tensor information_of(const Tensor& reading, const Tensor& codes) const;
  /// V's two sides without the information: the critic's, and the generator's that saturates not.
  Tensor critic_loss(const Tensor& real, const Tensor& fake);
  Tensor generator_loss(const Tensor& fake);

  Values values() const override;
  void begin_round(const Batch& batch, Rng& rng) override;  ///< Draws codes, makes the fake batch.
  std::vector<Player> players() override;  ///< "critic", then "generator", which moves Q too.
  Conditions conditions() const override {
    return {.classes = options_.categorical > 0 ? options_.categories : 0};
  }
  Tensor draw_samples(const SampleRequest& request,
                      Rng& rng) override;  ///< label: of the first class.
  Tensor decode_mean(const Tensor& codes) override;
  Tensor sample_prior(std::int64_t count, Rng& rng) override;
  Tensor prior_quantile(const Tensor& u) const override;  ///< Throws where codes hold a class.
  Tensor realness_logits(const Batch& batch) override;
  std::vector<CodePart> code_parts() const override;  ///< Classes, then numbers.
  Tensor information(std::int64_t count, Rng& rng) override;
  Tensor code_logits(const Batch& batch) override;

 private:
  Tensor log_odds(const Tensor& features);
  Tensor read_alone(const Tensor& x);
  Tensor weighted(const Tensor& information) const;
  Objective critic_turn(const Tensor& real);
  Objective generator_turn();
  std::vector<std::pair<std::string, Tensor>> log_of(const Tensor& information) const;

  InfoganOptions options_;
  torch::nn::Sequential generator_, trunk_;  // the trunk gives features, [B, F]
  torch::nn::Linear critic_;                 // on features: the log-odds
  torch::nn::Sequential reader_;             // on features: Q
  Tensor codes_, fake_;                      // of this round; the fakes with their graph
};

}  // namespace kiln
