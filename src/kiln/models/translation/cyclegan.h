#pragma once

#include <torch/nn/modules/container/sequential.h>

#include "kiln/core/recipe.h"
#include "kiln/models/model.h"
#include "kiln/nn/adversarial/image_pool.h"
#include "kiln/nn/adversarial/patch_critic.h"

namespace kiln {

/// What turns one picture into another.
enum class TranslationNetwork { residual, unet };
std::vector<std::pair<TranslationNetwork, std::string_view>> enum_names(TranslationNetwork);

struct CycleganOptions {
  std::int64_t channels = 3, height = 64, width = 64;  // of pictures like a
  std::int64_t channels_b = 3;
  TranslationNetwork network = TranslationNetwork::residual;
  std::int64_t filters = 64;
  std::optional<std::int64_t> blocks = std::nullopt;
  std::optional<std::int64_t> halvings = std::nullopt;
  bool skip = false;
  std::int64_t critic_filters = 64;
  PatchNorm critic_norm = PatchNorm::instance;
  std::optional<std::int64_t> patch_halvings = std::nullopt;
  double cycle = 10;  // lambda
  std::optional<double> identity = std::nullopt;
  std::int64_t pool = 50;
  double rate = 2e-4;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    const auto from_data = [](std::string_view help, double low, double high) {
      return Field{.help = help, .low = low, .high = high, .from_data = true};
    };
    visit("channels", self.channels, from_data("of pictures like a", 1, 4096));
    visit("height", self.height, from_data("of both kinds of pictures", 16, 4096));
    visit("width", self.width, from_data("of both kinds of pictures", 16, 4096));
    visit("channels_b", self.channels_b, from_data("of pictures like b", 1, 4096));
    visit(
        "network", self.network,
        Field{.help = "of the generators; a residual one forgets how bright and of which colour a "
                      "picture is as a whole"});
    visit("filters", self.filters,
          Field{.help = "of both generators next to the picture", .low = 1, .high = 512});
    visit("blocks", self.blocks,
          Field{.help = "network residual: blocks of a generator; auto: 9, or 6 below 256 pixels",
                .low = 1,
                .high = 64});
    visit("halvings", self.halvings,
          Field{.help = "network unet: auto: until a side is 1 or odd, at most 8",
                .low = 2,
                .high = 8});
    visit("skip", self.skip,
          Field{.help = "a generator says what changes: G(a) = tanh(g(a) + atanh(0.98 a)), so it "
                        "begins near the picture itself"});
    visit("critic_filters", self.critic_filters,
          Field{.help = "of both critics next to the picture", .low = 1, .high = 512});
    visit(
        "critic_norm", self.critic_norm,
        Field{.help = "of the critics; instance: they do not see how bright and of which colour a "
                      "picture is as a whole"});
    visit("patch_halvings", self.patch_halvings,
          Field{.help = "of the critics: patches of 16, 34, 70 or 142 pixels a side; auto: 3, or "
                        "as many as make patches no larger than the picture",
                .low = 1,
                .high = 4});
    visit("cycle", self.cycle,
          Field{.help = "lambda: weight of the mean |a - F(G(a))| and |b - G(F(b))|",
                .low = 0,
                .high = 1e4});
    visit("identity", self.identity,
          Field{.help = "weight of the mean |b - G(b)| and |a - F(a)|, times lambda; auto: 0.5, or "
                        "0 where the two kinds differ in channels",
                .low = 0,
                .high = 1e4});
    visit(
        "pool", self.pool,
        Field{.help = "pictures that each critic is shown again; 0: none", .low = 0, .high = 1e4});
    visit("rate", self.rate,
          Field{.help = "learning rate unless learning_rate sets all", .low = 0, .high = 1});
  }

  std::int64_t residual_blocks() const;
  std::int64_t unet_halvings() const;
  std::int64_t critic_halvings() const;
  double identity_weight() const;
};

/// Translation between two kinds of pictures that nobody has paired.  Zhu, Park, Isola & Efros
/// 2017, arXiv:1703.10593.
///
///   min_{G, F}  E (D_b(G(a)) - 1)^2 + E (D_a(F(b)) - 1)^2
///               + lambda (E |a - F(G(a))| + E |b - G(F(b))|)
///               + lambda i (E |b - G(b)| + E |a - F(a)|)
///   min_{D_b}   (E (D_b(b) - 1)^2 + E D_b(G(a))^2) / 2,  D_a likewise
///
/// Shapes: B batch; a [B, C, H, W] is x of a batch, b [B, C', H, W] its part "b", which comes from
/// a source of its own, both in [-1, 1].  G: a -> b and F: b -> a are residual networks or U-Nets,
/// D_a and D_b critics of patches whose outputs are numbers without a limit, 1 for real and 0 for
/// made; made pictures come to them by way of a pool.  Losses are means over patches and over
/// numbers. Differs from the paper: no random crops or mirrored pictures; normalisations have
/// weights, and biases start as PyTorch starts them, not at 0; a schedule falls with every round; a
/// U-Net and `skip` are choices that the paper does not have.
class Cyclegan : public Game, public Translator {
 public:
  using Options = CycleganOptions;
  static std::vector<std::string> sources() { return {"b"}; }
  static std::vector<RecipeFor<Options>> recipes();

  explicit Cyclegan(const CycleganOptions& options);  ///< Throws ConfigError.

  Tensor a_to_b(const Tensor& a) { return a_to_b_(a); }  ///< G, any sides.
  Tensor b_to_a(const Tensor& b) { return b_to_a_(b); }  ///< F, any sides.

  Values values() const override { return Values::signed_unit; }
  std::vector<std::string> needed_fields() const override { return {"b"}; }
  std::vector<std::string> training_buffers() const override { return {"pool_a", "pool_b"}; }
  void begin_round(const Batch& batch, Rng& rng) override;  ///< Makes the fakes.
  std::vector<Player> players() override;  ///< "generators", "critic_a", then "critic_b".
  std::vector<std::string> directions() const override { return {"a2b", "b2a"}; }
  Tensor translate(const Tensor& source, std::string_view direction, Rng& rng) override;
  /// a, G(a), F(G(a)), b, F(b), G(F(b)).
  std::vector<Tensor> preview(const Batch& items, Rng& rng) override;

 private:
  std::function<Tensor(const Tensor&)> make_generator(const std::string& name, std::int64_t in,
                                                      std::int64_t out);
  Objective generators_turn(const Batch& batch);

  CycleganOptions options_;
  std::function<Tensor(const Tensor&)> a_to_b_, b_to_a_;
  torch::nn::Sequential critic_a_, critic_b_;
  std::shared_ptr<ImagePool> pool_a_, pool_b_;
  Tensor fake_a_, fake_b_;  // of this round, with their graphs
};

}  // namespace kiln
