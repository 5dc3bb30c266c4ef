#pragma once

#include <torch/nn/modules/container/sequential.h>

#include "kiln/models/batch_groups.h"
#include "kiln/models/gan_options.h"
#include "kiln/models/model.h"
#include "kiln/nn/adversarial/augment.h"
#include "kiln/nn/adversarial/critic_network.h"
#include "kiln/nn/adversarial/objective.h"

namespace kiln {

/// Generative adversarial network.  Goodfellow et al. 2014, arXiv:1406.2661, composed of a network,
/// an objective (nn/adversarial/objective.h), a condition (arXiv:1411.1784, 1802.05637) and
/// remedies for mode collapse: unrolling (1611.02163), packing (1712.04086), several critics
/// (1611.01673), minibatch deviation (1710.10196), augmentation (2006.10738), spectral
/// normalisation (1802.05957), R1 (1801.04406).
///
/// Shapes: B batch, D data_dim, J latent, K classes, m pack, N discriminators; x [B, D] or
/// [B, C, H, W], images in [-1, 1]; y [B] int64, of a conditional model.  A code is z ~ N(0, I) of
/// J numbers, for a conditional model followed by the class as K numbers, 1 at its place.  The
/// critic sees m items as one, so B must be a multiple of m in training.  Fakes take the classes of
/// the batch.  A round: critic_steps times a batch and the critics' turn, then the generator's turn
/// on the last batch.  Losses are means, in nats where the objective has logarithms.
class Gan : public Game,
            public Sampler,
            public Decoder,
            public Prior,
            public Critic,
            public BatchGroups {
 public:
  using Options = GanOptions;
  static std::vector<RecipeFor<Options>> recipes() { return gan_recipes(); }

  explicit Gan(const GanOptions& options);  ///< Throws ConfigError for options that do not fit.

  std::int64_t group_size() const override;  ///< A pack, or four packs with minibatch deviation.
  std::int64_t code_size() const;            ///< J, or J + K of a conditional model.
  Tensor generate(const Tensor& codes);      ///< [B, code_size()] -> G(z) as in Batch.
  /// New ones, [count, code_size()], of the classes y [count] of a conditional model.
  Tensor codes(std::int64_t count, const Tensor& y, Rng& rng);
  /// Of critic `i`: [B / m].  Throws ShapeError, and without the classes of a conditional model.
  Tensor critic_outputs(const Batch& batch, std::size_t i = 0);
  /// The objective's loss with R1 and the gradient penalty, the sum over the critics.
  Tensor critic_loss(const Batch& real, const Tensor& fake, Rng& rng);
  /// f_K: the generator's loss before the critic of K more steps on `real` and `fake`, with
  /// gradient to `fake`.  K = 0: the plain loss.  arXiv:1611.02163, section 2.2.  Of several
  /// critics: their mix.
  Tensor generator_loss(const Batch& real, const Tensor& fake);

  Values values() const override;
  std::vector<std::string> training_buffers() const override;  ///< Of the critic's look ahead.
  void begin_round(const Batch& batch, Rng& rng) override;     ///< Makes the fake batch.
  std::vector<Player> players() override;                      ///< "critic", then "generator".
  Conditions conditions() const override {
    return {.classes = is_conditional() ? options_.classes : 0};
  }
  Tensor draw_samples(const SampleRequest& request, Rng& rng) override;  ///< G(sqrt(T) z).
  Tensor decode_mean(const Tensor& codes) override;  ///< By the running statistics of batch norm.
  /// A conditional model's codes take the classes in turn.
  Tensor sample_prior(std::int64_t count, Rng& rng) override;
  Tensor prior_quantile(const Tensor& u) const override;  ///< Throws where codes end with a class.
  /// The mean over the critics.  Throws ConfigError for a critic that judges more than one item at
  /// once, ShapeError where it is conditional and the batch has no labels.
  Tensor realness_logits(const Batch& batch) override;

 private:
  bool is_conditional() const { return options_.condition == Condition::label; }
  Tensor one_hot(const Tensor& y, std::int64_t items) const;
  Tensor packed(const Tensor& x) const;
  Tensor packed_labels(const Batch& batch) const;
  Batch augmented(const Batch& batch, Rng& rng) const;
  Tensor loss_of(CriticNetwork& critic, const Batch& real, const Tensor& fake, Rng& rng);
  Objective critic_turn(const Batch& real, Rng& rng);
  Tensor loss_ahead(const Batch& real, const Tensor& fake);
  Objective generator_turn(const Batch& real, Rng& rng);
  void clip_weights();
  void keep_moments(const std::vector<Tensor>& slopes);

  GanOptions options_;
  AdversarialObjective objective_;
  Augmentation augmentation_;
  torch::nn::Sequential generator_;
  std::vector<std::shared_ptr<CriticNetwork>> critics_;
  std::vector<Tensor> first_, second_;  // buffers: moments of the critic's gradient, for unrolling
  Tensor moments_held_;                 // buffer: how many gradients they hold, int64 []
  Tensor fake_;  // G(z) of this round, with its graph: one turn of each player uses it
};

}  // namespace kiln
