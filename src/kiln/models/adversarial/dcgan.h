#pragma once

#include <torch/nn/modules/container/sequential.h>

#include "kiln/core/recipe.h"
#include "kiln/models/model.h"

namespace kiln {

struct DcganOptions {
  std::int64_t channels = 1, height = 28, width = 28;  // C, H, W, filled from the data source
  std::int64_t latent = 100;                           // J
  std::int64_t filters = 32;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    const auto from_data = [](std::string_view help) {
      return Field{.help = help, .low = 0, .high = 4096, .from_data = true};
    };
    visit("channels", self.channels, from_data("image channels"));
    visit("height", self.height, from_data("image height: 28, 32 or 64"));
    visit("width", self.width, from_data("image width: as height"));
    visit("latent", self.latent, Field{.help = "latent variables", .low = 1, .high = 4096});
    visit("filters", self.filters,
          Field{.help = "filters next to the image, in both networks", .low = 1, .high = 512});
  }
};

/// Deep convolutional GAN. Radford, Metz & Chintala 2016, arXiv:1511.06434.
///
/// Shapes: B batch, J latent; x is [B, C, S, S] in [-1, 1] with S = 28, 32 or 64.  Losses are in
/// nats.
/// Differs from the paper: z ~ N(0, I) instead of U(-1, 1); 4x4 kernels instead of 5x5; 32 filters
/// next to the image unless asked for more (the paper's LSUN generator has 128); the first layer of
/// the generator and the last of the critic have no bias.
class Dcgan : public Game, public Sampler, public Decoder, public Prior, public Critic {
 public:
  using Options = DcganOptions;
  static std::vector<RecipeFor<Options>> recipes();

  explicit Dcgan(const DcganOptions& options);  ///< Throws ConfigError unless S is one of those.

  Tensor generate(const Tensor& z);       ///< z [B, J] -> G(z) [B, C, S, S]. Figure 1.
  Tensor critic_logits(const Tensor& x);  ///< x [B, C, S, S] -> log-odds of being data, [B].

  /// arXiv:1406.2661, eq. (1), with D = sigmoid(logits): -log D(x) - log(1 - D(G(z))), means, [].
  static Tensor critic_loss(const Tensor& real_logits, const Tensor& fake_logits);
  /// The non-saturating loss of section 3 there: the mean of -log D(G(z)), [].
  static Tensor generator_loss(const Tensor& fake_logits);

  Values values() const override { return Values::signed_unit; }
  void begin_round(const Batch& batch, Rng& rng) override;  ///< Makes the fake batch.
  std::vector<Player> players() override;                   ///< "critic", then "generator".

  /// The functions below use the running statistics of batch normalisation: what an item gives does
  /// not depend on its companions, and the statistics stay as they are.
  Tensor draw_samples(const SampleRequest& request, Rng& rng) override;  ///< G(sqrt(T) z).
  Tensor decode_mean(const Tensor& z) override;
  Tensor sample_prior(std::int64_t count, Rng& rng) override;
  Tensor realness_logits(const Batch& batch) override;

 private:
  Objective critic_turn(const Tensor& real);
  Objective generator_turn();

  DcganOptions options_;
  torch::nn::Sequential generator_, critic_;
  Tensor fake_;  // G(z) of this round, with its graph: one turn of each player uses it
};

}  // namespace kiln
