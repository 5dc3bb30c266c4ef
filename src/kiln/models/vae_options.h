#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "kiln/core/options.h"
#include "kiln/core/recipe.h"
#include "kiln/nn/coder.h"
#include "kiln/nn/decoder_law.h"
#include "kiln/nn/one_hot_labels.h"
#include "kiln/nn/posterior.h"

namespace kiln {

using VaeDecoder = DecoderKind;

enum class VaeObjective { elbo, iwae };
std::vector<std::pair<VaeObjective, std::string_view>> enum_names(VaeObjective);

struct VaeOptions {
  std::int64_t data_dim = 784;                       // D
  std::int64_t channels = 0, height = 0, width = 0;  // C, H, W; all 0 for tables
  std::int64_t latent = 20;                          // J
  VaeDecoder decoder = VaeDecoder::bernoulli;
  CoderNetwork network = CoderNetwork::dense;
  std::int64_t hidden = 500;
  std::int64_t layers = 2;
  std::int64_t filters = 32;
  std::optional<double> sigma = std::nullopt;
  CoderActivation activation = CoderActivation::relu;
  VaeObjective objective = VaeObjective::elbo;
  std::int64_t k = 1;                                         // K in training
  std::optional<std::int64_t> gradient_draws = std::nullopt;  // M of the K
  PosteriorKind posterior = PosteriorKind::diagonal;
  std::optional<std::int64_t> flow_steps = std::nullopt;
  std::optional<KlEstimate> kl = std::nullopt;
  double beta = 1;
  double free_bits = 0;        // nats per latent variable
  std::int64_t kl_warmup = 0;  // rounds
  Condition condition = Condition::none;
  std::int64_t classes = 0;  // of the data
  std::int64_t states = 0;   // q of the data

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    const auto from_data = [](std::string_view help, double low, double high) {
      return Field{.help = help, .low = low, .high = high, .from_data = true};
    };
    visit("data_dim", self.data_dim, from_data("numbers per item", 1, 1 << 24));
    visit("channels", self.channels, from_data("image channels, 0 for tables", 0, 4096));
    visit("height", self.height, from_data("image height, 0 for tables", 0, 16384));
    visit("width", self.width, from_data("image width, 0 for tables", 0, 16384));
    visit("latent", self.latent, Field{.help = "latent variables", .low = 1, .high = 4096});
    visit_decoder_law(self, visit);
    visit("network", self.network, Field{.help = "dense layers, or convolutions for images"});
    visit("hidden", self.hidden, Field{.help = "units per dense layer", .low = 1, .high = 8192});
    visit("layers", self.layers, Field{.help = "dense layers each side", .low = 1, .high = 16});
    visit("filters", self.filters, Field{.help = "first filters (conv)", .low = 1, .high = 256});
    visit("activation", self.activation, Field{.help = "of the dense layers"});
    visit("objective", self.objective,
          Field{.help = "what training raises: the bound, or the importance-weighted one"});
    visit("k", self.k, Field{.help = "draws per item in training", .low = 1, .high = 4096});
    visit("gradient_draws", self.gradient_draws,
          Field{.help = "draws of the k that carry the iwae gradient, chosen by weight; auto: all",
                .low = 1,
                .high = 4096});
    visit("posterior", self.posterior, Field{.help = "family of q(z|x)"});
    visit("flow_steps", self.flow_steps,
          Field{.help = "maps of a planar or iaf posterior; auto: 4", .low = 1, .high = 256});
    visit("kl", self.kl,
          Field{.help = "divergence in closed form or from the draws; auto: closed if it can be"});
    visit("beta", self.beta,
          Field{.help = "weight of the divergence in training", .low = 0, .high = 1e4});
    visit("free_bits", self.free_bits,
          Field{.help = "nats of divergence per latent variable that cost nothing",
                .low = 0,
                .high = 1e3});
    visit("kl_warmup", self.kl_warmup,
          Field{.help = "rounds in which the divergence's weight climbs to beta",
                .low = 0,
                .high = 1e9});
    visit("condition", self.condition, Field{.help = "what both networks are told beside x or z"});
    visit("classes", self.classes, from_data("classes of the data, 0 for none", 0, 1 << 16));
  }
};

/// Hands the options on.  Throws ConfigError for a number out of range, and for options that would
/// do nothing or not what they say.
const VaeOptions& checked_vae_options(const VaeOptions& options);

// The options as the parts of a VAE take them.
CoderOptions coder_of(const VaeOptions& options);
PosteriorOptions posterior_of(const VaeOptions& options);

std::vector<RecipeFor<VaeOptions>> vae_recipes();

}  // namespace kiln
