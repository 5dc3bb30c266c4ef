#pragma once

#include "kiln/core/recipe.h"
#include "kiln/models/model.h"
#include "kiln/nn/code_network.h"

namespace kiln {

enum class Denoise { none, mask, gaussian };
std::vector<std::pair<Denoise, std::string_view>> enum_names(Denoise);

struct AutoencoderOptions {
  std::int64_t data_dim = 784;                       // D
  std::int64_t channels = 0, height = 0, width = 0;  // C, H, W; all 0 for tables
  std::int64_t latent = 20;                          // J
  CoderNetwork network = CoderNetwork::dense;
  std::int64_t hidden = 500;
  std::int64_t layers = 2;
  std::int64_t filters = 32;
  CodeLoss loss = CodeLoss::squared;
  Denoise denoise = Denoise::none;
  std::optional<double> noise = std::nullopt;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit_code_network(self, visit);
    visit("loss", self.loss,
          Field{.help = "squared error, or cross-entropy (bernoulli) for numbers in [0, 1]"});
    visit("denoise", self.denoise,
          Field{.help = "what spoils x on its way in: zeros (mask) or gaussian noise"});
    visit("noise", self.noise,
          Field{.help = "share of zeros, or the noise's deviation; auto: 0.25 if denoising",
                .low = 1e-6,
                .high = 100});
  }
};

/// Autoencoder with a mirrored decoder. Hinton & Salakhutdinov 2006, doi:10.1126/science.1127647;
/// denoising: Vincent et al. 2010, JMLR 11:3371.
///
/// Shapes: B batch, D data_dim, J latent; x is [B, D], or [B, C, H, W] for images.  The error is
/// summed over D and averaged over B.  It has codes but no law of codes: it is no sampler.
/// Differs from the papers: ReLU layers trained from end to end by Adam, without pretraining;
/// masked numbers are zeros, also where the data's own values are not in [0, 1].
class Autoencoder : public Game, public Encoder, public Decoder {
 public:
  using Options = AutoencoderOptions;
  static std::vector<RecipeFor<Options>> recipes();

  /// Throws ConfigError if a size is out of range or an option would do nothing.
  explicit Autoencoder(const AutoencoderOptions& options);

  Tensor corrupt(const Tensor& x, Rng& rng) const;  ///< x~ of the same shape; x itself for none.
  /// Error of g(f(seen)) against x, [B]: squared, or cross-entropy in nats.
  Tensor error(const Tensor& seen, const Tensor& x);

  Values values() const override { return network_->values(); }
  void start_from_data(const DataMoments& moments) override;
  bool adds_over_items() const override { return true; }
  std::vector<Player> players() override;  ///< One player; loss: the error averaged over B, [].
  std::int64_t code_size() const override { return options_.latent; }
  Tensor encode_mean(const Batch& batch) override;
  Tensor decode_mean(const Tensor& z) override;

 private:
  AutoencoderOptions options_;
  std::shared_ptr<CodeNetwork> network_;
};

}  // namespace kiln
