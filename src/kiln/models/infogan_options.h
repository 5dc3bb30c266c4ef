#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "kiln/core/options.h"
#include "kiln/core/recipe.h"
#include "kiln/nn/adversarial/generator_network.h"

namespace kiln {

/// How the critic's convolutional layers are normalised.
enum class CriticNorm {
  batch,  ///< Over a batch, real and generated ones apart: the paper's.
  layer   ///< Over each item's own features, so that no reading depends on its companions.
};
std::vector<std::pair<CriticNorm, std::string_view>> enum_names(CriticNorm);

struct InfoganOptions {
  static constexpr std::int64_t kHidden = 128, kLayers = 2;  // where nothing is said
  static constexpr std::int64_t kFilters = 32, kCriticUnits = 1024;
  std::int64_t data_dim = 784;                       // D
  std::int64_t channels = 0, height = 0, width = 0;  // C, H, W; all 0 for tables
  GanNetwork network = GanNetwork::conv;
  std::int64_t latent = 62;                       // J, of the noise alone
  std::int64_t categorical = 1, categories = 10;  // how many, K
  std::int64_t continuous = 2;
  double information = 1, continuous_information = .1;  // lambda
  std::optional<std::int64_t> hidden = std::nullopt, layers = std::nullopt;
  std::optional<std::int64_t> filters = std::nullopt;
  std::optional<std::int64_t> critic_units = std::nullopt;
  std::int64_t reader_hidden = 128;
  CriticNorm critic_norm = CriticNorm::batch;
  double generator_rate = 1e-3, critic_rate = 2e-4;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    const auto from_data = [](std::string_view help, double low, double high) {
      return Field{.help = help, .low = low, .high = high, .from_data = true};
    };
    visit("data_dim", self.data_dim, from_data("numbers in x", 1, 1 << 24));
    visit("channels", self.channels, from_data("of an image, 0 for a table", 0, 4096));
    visit("height", self.height, from_data("of an image", 0, 1 << 16));
    visit("width", self.width, from_data("of an image", 0, 1 << 16));
    visit("network", self.network, Field{.help = "dense, or conv: the paper's for square images"});
    visit("latent", self.latent, Field{.help = "numbers of noise in z", .low = 1, .high = 4096});
    visit("categorical", self.categorical,
          Field{.help = "codes that are classes", .low = 0, .high = 16});
    visit("categories", self.categories,
          Field{.help = "classes of each of them", .low = 2, .high = 1024});
    visit("continuous", self.continuous,
          Field{.help = "codes that are numbers, uniform in [-1, 1)", .low = 0, .high = 64});
    visit("information", self.information,
          Field{.help = "weight of the categorical codes' information", .low = 0, .high = 1000});
    visit("continuous_information", self.continuous_information,
          Field{.help = "that of the continuous codes'", .low = 0, .high = 1000});
    visit("hidden", self.hidden,
          Field{.help = "dense: units per layer; auto: 128", .low = 1, .high = 8192});
    visit("layers", self.layers,
          Field{.help = "dense: layers each side; auto: 2", .low = 1, .high = 16});
    visit("filters", self.filters,
          Field{.help = "conv: filters next to the image; auto: 32", .low = 1, .high = 512});
    visit("critic_units", self.critic_units,
          Field{.help = "conv: features, the dense layer above the convolutions; auto: 1024",
                .low = 1,
                .high = 8192});
    visit("reader_hidden", self.reader_hidden,
          Field{.help = "units of the layer that reads codes off the critic's features",
                .low = 1,
                .high = 8192});
    visit("critic_norm", self.critic_norm,
          Field{.help = "conv: what the critic's and the reader's layers are normalised over"});
    visit("generator_rate", self.generator_rate,
          Field{.help = "learning rate unless learning_rate sets both", .low = 0, .high = 1});
    visit("critic_rate", self.critic_rate,
          Field{.help = "learning rate unless learning_rate sets both", .low = 0, .high = 1});
  }

  std::int64_t code_numbers() const;  ///< J and every code after it.
  std::int64_t features() const;      ///< Of the layer below the critic and the reader.
};

/// Throws ConfigError for options that do not go together.
const InfoganOptions& checked_together(const InfoganOptions& options);

std::vector<RecipeFor<InfoganOptions>> infogan_recipes();

}  // namespace kiln
