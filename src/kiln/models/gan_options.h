#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kiln/core/options.h"
#include "kiln/core/recipe.h"
#include "kiln/nn/adversarial/critic_mix.h"
#include "kiln/nn/adversarial/critic_network.h"
#include "kiln/nn/adversarial/generator_network.h"
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

/// Hands the options on.  Throws ConfigError for a number out of range, and for options that would
/// do nothing or not what they say.
const GanOptions& checked_gan_options(const GanOptions& options);

std::vector<RecipeFor<GanOptions>> gan_recipes();

}  // namespace kiln
