#pragma once

#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>

#include "kiln/core/recipe.h"
#include "kiln/models/informative.h"
#include "kiln/models/model.h"
#include "kiln/nn/adversarial/generator_network.h"

namespace kiln {

/// How the critic's convolutional layers are normalised.
enum class CriticNorm {
  batch,  ///< Over a batch, real and generated ones apart: the paper's.
  layer   ///< Over each item's own features, so that no reading depends on its companions.
};
std::vector<std::pair<CriticNorm, std::string_view>> enum_names(CriticNorm);

struct InfoganOptions {
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
};

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
  static std::vector<RecipeFor<Options>> recipes();

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
  Tensor sample(const SampleRequest& request, Rng& rng) override;  ///< label: of the first class.
  Tensor decode_mean(const Tensor& codes) override;
  Tensor sample_prior(std::int64_t count, Rng& rng) override;
  Tensor prior_quantile(const Tensor& u) const override;  ///< Throws where codes hold a class.
  Tensor realness_logits(const Tensor& x) override;
  std::vector<CodePart> code_parts() const override;  ///< Classes, then numbers.
  Tensor information(std::int64_t count, Rng& rng) override;
  Tensor code_logits(const Tensor& x) override;

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
