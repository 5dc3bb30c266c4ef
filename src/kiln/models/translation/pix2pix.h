#pragma once

#include <torch/nn/modules/container/sequential.h>

#include "kiln/core/recipe.h"
#include "kiln/models/model.h"
#include "kiln/nn/unet.h"

namespace kiln {

/// Which picture of a pair is given, and which is made.
enum class PairDirection { a2b, b2a };
std::vector<std::pair<PairDirection, std::string_view>> enum_names(PairDirection);

struct Pix2pixOptions {
  std::int64_t channels = 3, height = 64, width = 64;  // of a
  std::int64_t channels_b = 3;
  PairDirection direction = PairDirection::a2b;
  std::int64_t filters = 64;
  std::optional<std::int64_t> halvings = std::nullopt;
  std::int64_t patch_halvings = 3;
  double dropout = 0.5;
  double distance = 100;  // lambda
  double rate = 2e-4;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    const auto from_data = [](std::string_view help, double low, double high) {
      return Field{.help = help, .low = low, .high = high, .from_data = true};
    };
    visit("channels", self.channels, from_data("of picture a", 1, 4096));
    visit("height", self.height, from_data("of both pictures", 16, 4096));
    visit("width", self.width, from_data("of both pictures", 16, 4096));
    visit("channels_b", self.channels_b, from_data("of picture b", 1, 4096));
    visit("direction", self.direction, Field{.help = "which picture is made of which"});
    visit("filters", self.filters,
          Field{.help = "of both networks next to the picture", .low = 1, .high = 512});
    visit("halvings", self.halvings,
          Field{.help = "of the U-Net; auto: until a side is 1 or odd, at most 8",
                .low = 2,
                .high = 8});
    visit("patch_halvings", self.patch_halvings,
          Field{.help = "of the critic: patches of 16, 34, 70 or 142 pixels a side",
                .low = 1,
                .high = 4});
    visit("dropout", self.dropout,
          Field{.help = "share of units dropped in the three widest layers, also when the net is "
                        "used",
                .low = 0,
                .high = 0.9});
    visit("distance", self.distance,
          Field{.help = "lambda: weight of L1, the mean |b - G(a)|, beside the critic's loss",
                .low = 0,
                .high = 1e4});
    visit("rate", self.rate,
          Field{.help = "learning rate unless learning_rate sets both", .low = 0, .high = 1});
  }

  std::int64_t source_channels() const;
  std::int64_t target_channels() const;
  std::int64_t unet_halvings() const;
};

/// Image-to-image translation with pairs.  Isola, Zhu, Zhou & Efros 2017, arXiv:1611.07004.
///
///   min_G max_D  E log D(a, b) + E log(1 - D(a, G(a))) + lambda E |b - G(a)|
///
/// Shapes: B batch; a [B, C, H, W] is x of a batch, b [B, C', H, W] its field "b", both in [-1, 1];
/// with direction b2a they change places.  G is a U-Net whose only noise is dropout, D a critic of
/// patches that sees both pictures.  Losses are means over patches, in nats, and over numbers.
/// Differs from the paper: instance normalisation in place of batch normalisation, the same for
/// batches of one item; the halvings follow the size; random jitter of the pictures is asked of
/// their source (jitter=).
class Pix2pix : public Game, public Translator {
 public:
  using Options = Pix2pixOptions;
  static std::vector<RecipeFor<Options>> recipes();

  explicit Pix2pix(const Pix2pixOptions& options);  ///< Throws ConfigError.

  Tensor generate(const Tensor& source, Rng& rng);  ///< [B, C, H, W] -> [B, C', H, W], any sides.
  /// Log-odds that `target` is the one that belongs to `source`, [B, 1, h, w].
  Tensor critic_logits(const Tensor& source, const Tensor& target);

  Values values() const override { return Values::signed_unit; }
  std::vector<std::string> needed_fields() const override { return {"b"}; }
  std::vector<Tensor> preview(const Batch& items, Rng& rng) override;  ///< Given, made, true.
  void begin_round(const Batch& batch, Rng& rng) override;             ///< Makes the fakes.
  std::vector<Player> players() override;                ///< "critic", then "generator".
  std::vector<std::string> directions() const override;  ///< The one that it was trained for.
  Tensor translate(const Tensor& source, std::string_view direction, Rng& rng) override;

 private:
  const Tensor& source_of(const Batch& batch) const;
  const Tensor& target_of(const Batch& batch) const;
  Objective critic_turn(const Batch& batch);
  Objective generator_turn(const Batch& batch);

  Pix2pixOptions options_;
  Unet generator_;
  torch::nn::Sequential critic_;
  Tensor fake_;  // of this round, with its graph
};

}  // namespace kiln
