#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "kiln/core/options.h"
#include "kiln/core/recipe.h"
#include "kiln/nn/code_network.h"
#include "kiln/prob/latent_prior.h"

namespace kiln {

enum class AaePosterior { deterministic, gaussian };
std::vector<std::pair<AaePosterior, std::string_view>> enum_names(AaePosterior);

enum class Supervision { none, label, semi };
std::vector<std::pair<Supervision, std::string_view>> enum_names(Supervision);

struct AaeOptions {
  std::int64_t data_dim = 784;                        // D
  std::int64_t channels = 0, height = 0, width = 0;   // C, H, W; all 0 for tables
  std::int64_t classes = 0;                           // M
  std::optional<std::int64_t> latent = std::nullopt;  // J
  CoderNetwork network = CoderNetwork::dense;
  std::int64_t hidden = 500;
  std::int64_t layers = 2;
  std::int64_t filters = 32;
  CodeLoss loss = CodeLoss::squared;
  PriorKind prior = PriorKind::gaussian;
  double prior_scale = 1;
  std::optional<std::int64_t> modes = std::nullopt;
  AaePosterior posterior = AaePosterior::deterministic;
  Supervision supervision = Supervision::none;
  std::optional<std::int64_t> labels = std::nullopt;  // N
  std::int64_t critic_hidden = 500;
  double noise = 0;
  double adversarial_rate = 1e-3;
  std::optional<double> class_adversary = std::nullopt;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit_code_network(self, visit);
    visit("classes", self.classes,
          Field{.help = "classes of the data, 0 without labels",
                .low = 0,
                .high = 10000,
                .from_data = true});
    visit("loss", self.loss,
          Field{.help = "squared error, or cross-entropy (bernoulli) for numbers in [0, 1]"});
    visit("prior", self.prior, Field{.help = "the law that codes should have"});
    visit("prior_scale", self.prior_scale,
          Field{.help = "what the prior's codes are multiplied by", .low = 1e-3, .high = 1e3});
    visit("modes", self.modes,
          Field{.help = "Gaussians in the ring; auto: 10", .low = 2, .high = 1000});
    visit("posterior", self.posterior, Field{.help = "one code for each x, or a Gaussian law"});
    visit("supervision", self.supervision,
          Field{.help = "label: labels choose the prior's part; semi: a class beside the code"});
    visit("labels", self.labels,
          Field{.help = "labelled items, balanced; auto: 100 if supervised",
                .low = 2,
                .high = 1 << 20});
    visit("critic_hidden", self.critic_hidden,
          Field{.help = "units in each of a critic's 2 layers", .low = 1, .high = 8192});
    visit("noise", self.noise,
          Field{.help = "deviation of noise on the encoder's input in training",
                .low = 0,
                .high = 100});
    visit("adversarial_rate", self.adversarial_rate,
          Field{.help = "learning rate of critic and encoder turns unless learning_rate sets all; "
                        "0: a plain autoencoder",
                .low = 0,
                .high = 1});
    visit("class_adversary", self.class_adversary,
          Field{.help = "semi: weight of the class in the encoder's adversarial turn; auto: 1",
                .low = 0,
                .high = 1000});
  }

  std::int64_t code() const;        ///< J: latent, or 2 for laws in a plane, 10 beside a class, 8.
  std::int64_t class_size() const;  ///< Numbers of y in a code: M if semi, else 0.
  std::int64_t labelled() const;    ///< N; 0 without supervision.
  std::int64_t parts() const;       ///< Of the prior.
};

/// Throws ConfigError for options that do not go together.
const AaeOptions& checked_together(const AaeOptions& options);

std::vector<RecipeFor<AaeOptions>> aae_recipes();

}  // namespace kiln
