#pragma once

#include <optional>

#include "kiln/core/recipe.h"
#include "kiln/models/batch_groups.h"
#include "kiln/models/model.h"
#include "kiln/nn/adversarial/growing_networks.h"
#include "kiln/nn/adversarial/objective.h"

namespace kiln {

enum class GrowingObjective { wasserstein_gp, nonsaturating };
std::vector<std::pair<GrowingObjective, std::string_view>> enum_names(GrowingObjective);

struct ProgressiveGanOptions {
  std::int64_t channels = 3, height = 32, width = 32;  // C, H, W, filled from the data source
  std::int64_t features = 512;
  std::optional<std::int64_t> latent = std::nullopt;  // J
  std::int64_t stable_rounds = 1000, fade_rounds = 1000;
  std::int64_t most_batches = 4;
  GrowingObjective objective = GrowingObjective::wasserstein_gp;
  std::optional<double> penalty = std::nullopt;  // lambda
  std::optional<double> drift = std::nullopt;
  std::optional<double> r1 = std::nullopt;
  bool minibatch_deviation = true;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    const auto from_data = [](std::string_view help) {
      return Field{.help = help, .low = 0, .high = 4096, .from_data = true};
    };
    visit("channels", self.channels, from_data("image channels"));
    visit("height", self.height, from_data("image height: 4, 5, 6 or 7 doubled, up to 1024"));
    visit("width", self.width, from_data("image width: as height"));
    visit(
        "features", self.features,
        Field{.help = "maps of the layers of the first four sizes; every size on has half of them",
              .low = 1,
              .high = 4096});
    visit("latent", self.latent,
          Field{.help = "latent variables; auto: as many as features", .low = 1, .high = 4096});
    visit("stable_rounds", self.stable_rounds,
          Field{.help = "rounds that every size but the last is trained for by itself",
                .low = 1,
                .high = 1e9});
    visit("fade_rounds", self.fade_rounds,
          Field{.help = "rounds in which the next size is blended in", .low = 1, .high = 1e9});
    visit("most_batches", self.most_batches,
          Field{.help = "batches that small pictures are joined to: one at the last size, twice as "
                        "many at every size below it, at most these",
                .low = 1,
                .high = 64});
    visit("objective", self.objective, Field{.help = "what the two networks lower"});
    visit("penalty", self.penalty,
          Field{.help = "wasserstein_gp: weight of the gradient penalty; auto: 10",
                .low = 0,
                .high = 1e6});
    visit("drift", self.drift,
          Field{.help = "wasserstein_gp: weight of the squared outputs at data; auto: 0.001",
                .low = 0,
                .high = 1e6});
    visit("r1", self.r1,
          Field{.help = "nonsaturating: weight of the squared slope at data, halved; auto: 10",
                .low = 0,
                .high = 1e6});
    visit("minibatch_deviation", self.minibatch_deviation,
          Field{.help = "the critic sees the deviation of its features among four items"});
  }

  std::int64_t levels() const;  ///< L: first 2^(L - 1) is the side.
  GrowingOptions networks() const;
};

/// Progressive growing of GANs. Karras, Aila, Laine & Lehtinen 2018, arXiv:1710.10196.
///
/// Shapes: B batch, J latent; x is [B, C, S, S] in [-1, 1] with S = f 2^(L - 1).  Both networks
/// begin at f = 4 pixels a side (or 5, 6, 7, where S is no power of two); every further size is
/// blended in over `fade_rounds` and then trained for `stable_rounds`, the last until the end.
/// Where it stands is told by the number of rounds, a buffer of the model; pictures have S pixels a
/// side at any time, smaller ones are enlarged. Differs from the paper: sizes change after rounds,
/// not after images; the neighbours that share a deviation are four, as in the authors' second
/// release; the generator's average is the trainer's.
class ProgressiveGan : public Game,
                       public Sampler,
                       public Decoder,
                       public Prior,
                       public Critic,
                       public BatchGroups {
 public:
  using Options = ProgressiveGanOptions;
  static std::vector<RecipeFor<Options>> recipes();

  explicit ProgressiveGan(const ProgressiveGanOptions& options);  ///< Throws ConfigError.

  Growth growth_at(std::int64_t round) const;  ///< From 0; alpha of the k-th fading round is k / F.
  Growth growth() const;                       ///< Of the round that was begun last.

  /// z [B, J] -> [B, C, side, side] at the size of `growth`; any number.
  Tensor generate(const Tensor& z, const Growth& growth);
  /// Items as they are seen there: x [B, C, S, S] -> [B, C, side, side], between two sizes blended.
  Tensor seen(const Tensor& x, const Growth& growth) const;
  /// [B, C, side, side] -> [B].
  Tensor critic_outputs(const Tensor& x, const Growth& growth);
  /// mean D(G) - mean D(x) + lambda mean (slope - 1)^2 + drift mean D(x)^2; or the log loss, with
  /// r1 mean slope(x)^2 / 2: [].
  Tensor critic_loss(const Tensor& real, const Tensor& fake, const Growth& growth, Rng& rng);
  Tensor generator_loss(const Tensor& fake, const Growth& growth);  ///< [].

  Values values() const override { return Values::signed_unit; }
  std::vector<Player> players() override;  ///< "critic", then "generator", each with its own z.
  /// Two for every size but the first: blending in, then alone.  Moments begin anew with each.
  std::vector<Stage> stages() const override;
  void begin_round(const Batch& batch, Rng& rng) override;  ///< Counts.
  std::int64_t group_size() const override;

  Tensor decode_mean(const Tensor& z) override;  ///< [B, C, S, S], in [-1, 1].
  Tensor sample_prior(std::int64_t count, Rng& rng) override;
  /// Throws ConfigError where the critic sees an item among its companions.
  Tensor realness_logits(const Batch& batch) override;
  /// Only the direction of z is used, so the law of codes has no temperature.
  Conditions conditions() const override { return {.temperature = Conditions::Temperature::one}; }
  Tensor draw_samples(const SampleRequest& request, Rng& rng) override;

 private:
  Objective critic_turn(const Tensor& x, Rng& rng);
  Objective generator_turn(std::int64_t items, Rng& rng);

  ProgressiveGanOptions options_;
  AdversarialObjective objective_;
  GrowingGenerator generator_;
  GrowingCritic critic_;
  Tensor rounds_;  // [] int64, begun
};

}  // namespace kiln
