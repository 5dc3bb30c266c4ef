#pragma once

#include <torch/nn/modules/container/sequential.h>

#include "kiln/models/batch_groups.h"
#include "kiln/models/model.h"
#include "kiln/nn/adversarial/augment.h"
#include "kiln/nn/adversarial/critic_mix.h"
#include "kiln/nn/adversarial/critic_network.h"
#include "kiln/nn/adversarial/generator_network.h"
#include "kiln/nn/adversarial/objective.h"
#include "kiln/nn/adversarial/unroll.h"
#include "kiln/nn/one_hot_labels.h"

namespace kiln {

struct GanOptions {
  std::int64_t data_dim = 2;                         // D
  std::int64_t channels = 0, height = 0, width = 0;  // C, H, W; all 0 for tables
  std::int64_t classes = 0;                          // K of the data, 0 without labels
  GanNetwork network = GanNetwork::dense;
  std::int64_t latent = 64;  // J
  std::optional<std::int64_t> hidden = std::nullopt, layers = std::nullopt;
  std::optional<std::int64_t> critic_hidden = std::nullopt;
  std::optional<std::int64_t> filters = std::nullopt;
  Condition condition = Condition::none;
  std::optional<CriticLabel> critic_label = std::nullopt;
  std::string objective = "nonsaturating";
  std::optional<std::int64_t> critic_steps = std::nullopt;
  std::optional<double> clip_weights = std::nullopt;
  std::optional<double> penalty = std::nullopt;
  double r1 = 0;
  bool spectral_norm = false;
  bool minibatch_deviation = false;
  std::int64_t pack = 1;  // m
  std::string augment = "";
  std::int64_t discriminators = 1;  // N
  std::optional<CriticMix> mix = std::nullopt;
  std::optional<double> mix_sharpness = std::nullopt;
  std::int64_t unroll = 0;  // K
  std::optional<InnerRule> unroll_rule = std::nullopt;
  bool unroll_first_order = false;
  std::optional<double> generator_rate = std::nullopt, critic_rate = std::nullopt;

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
    visit("classes", self.classes, from_data("of the data, 0 without labels", 1 << 16));
    visit("network", self.network,
          Field{.help = "dense, or conv: DCGAN's for square images, the critic without batch "
                        "normalisation"});
    visit("latent", self.latent, Field{.help = "numbers in z", .low = 1, .high = 4096});
    visit("hidden", self.hidden,
          Field{.help = "dense: units per layer; auto: 128", .low = 1, .high = 8192});
    visit("layers", self.layers,
          Field{.help = "dense: layers each side; auto: 2", .low = 1, .high = 16});
    visit(
        "critic_hidden", self.critic_hidden,
        Field{.help = "dense: units of the critic's layers; auto: hidden", .low = 1, .high = 8192});
    visit("filters", self.filters,
          Field{.help = "conv: filters next to the image; auto: 32", .low = 1, .high = 512});
    visit("condition", self.condition, Field{.help = "what both sides know of an item"});
    visit("critic_label", self.critic_label,
          Field{.help = "how the critic sees the label; auto: concatenation"});
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
    visit("minibatch_deviation", self.minibatch_deviation,
          Field{.help = "the critic sees the deviation of its features among four items"});
    visit("pack", self.pack,
          Field{.help = "items that the critic sees at once", .low = 1, .high = 64});
    visit("augment", self.augment,
          Field{.help = "random changes of images before the critic: color,translation,cutout"});
    visit("discriminators", self.discriminators,
          Field{.help = "critics that the generator faces", .low = 1, .high = 16});
    visit("mix", self.mix, Field{.help = "of their losses; auto: mean"});
    visit(
        "mix_sharpness", self.mix_sharpness,
        Field{
            .help = "mix softmax: 0 the mean, large the maximum; auto: 1", .low = 0, .high = 1e6});
    visit("unroll", self.unroll,
          Field{.help = "critic steps that the generator looks ahead", .low = 0, .high = 100});
    visit("unroll_rule", self.unroll_rule, Field{.help = "of the steps ahead; auto: adam"});
    visit("unroll_first_order", self.unroll_first_order,
          Field{.help = "the generator takes the critic ahead as it is, without gradient through "
                        "its steps"});
    visit("generator_rate", self.generator_rate,
          Field{.help = "learning rate unless learning_rate sets both; auto: 1e-3, conv 2e-4",
                .low = 0,
                .high = 1});
    visit(
        "critic_rate", self.critic_rate,
        Field{.help = "the same of the critic, and that of the steps ahead", .low = 0, .high = 1});
  }
};

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
  void begin_round(const Batch& batch, Rng& rng) override;         ///< Makes the fake batch.
  std::vector<Player> players() override;                          ///< "critic", then "generator".
  Tensor sample(const SampleRequest& request, Rng& rng) override;  ///< G(temperature * z).
  Tensor decode_mean(const Tensor& codes) override;  ///< By the running statistics of batch norm.
  /// A conditional model's codes take the classes in turn.
  Tensor sample_prior(std::int64_t count, Rng& rng) override;
  Tensor prior_quantile(const Tensor& u) const override;  ///< Throws where codes end with a class.
  /// The mean over the critics.  Throws ConfigError for a critic that judges more than one item at
  /// once, or an item with its class.
  Tensor realness_logits(const Tensor& x) override;

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
