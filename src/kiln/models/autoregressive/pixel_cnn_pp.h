#pragma once

#include "kiln/models/pixel_model.h"
#include "kiln/nn/gated_resnet.h"

namespace kiln {

struct PixelCnnPpOptions : PixelOptions {
  std::int64_t maps = 32;        // F
  std::int64_t components = 10;  // K
  std::int64_t blocks = 2;       // B
  std::int64_t resolutions = 3;  // R
  double dropout = 0.5;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit_pixels(self, visit);
    visit("maps", self.maps, Field{.help = "feature maps", .low = 1, .high = 1024});
    visit("components", self.components,
          Field{.help = "logistic laws in the mixture", .low = 1, .high = 100});
    visit("blocks", self.blocks,
          Field{.help = "residual blocks of a resolution on the way up, each stream",
                .low = 1,
                .high = 32});
    visit("resolutions", self.resolutions,
          Field{.help = "each half as wide and high as the one before", .low = 1, .high = 6});
    visit("dropout", self.dropout,
          Field{.help = "share of the numbers in a block that training sets to 0",
                .low = 0,
                .high = 0.95});
  }
};

/// PixelCNN++: whole pixels by a mixture of discretised logistic laws, at several resolutions.
/// Salimans, Karpathy, Chen & Kingma 2017, arXiv:1701.05517.
///
/// Two streams: u of the rows above, ul of what is above and to the left; ul's blocks read u.  On
/// the way up each resolution has B blocks and a convolution of stride 2, on the way down B at the
/// lowest and B + 1 at the others, behind a transposed convolution; every node on the way up is
/// read once on the way down.  Outputs are logistic_law.h's.  The paper's size: F 160, B 5.
///
/// Shapes: as of PixelModel; F maps.
///
/// Differs from the paper: the exact log of a bin's mass; a training mean in place of a sum; Adam's
/// epsilon outside of the root; the start from data drops nothing.
class PixelCnnPp : public PixelModel {
 public:
  using Options = PixelCnnPpOptions;
  static std::vector<RecipeFor<Options>> recipes();

  explicit PixelCnnPp(const PixelCnnPpOptions& options);  ///< Throws ConfigError.

  std::vector<std::string> training_buffers() const override { return {"started"}; }
  std::vector<Player> players() override;  ///< As PixelModel's, with dropout.
  /// In the first round it sets g and b of all convolutions by the batch.
  void begin_round(const Batch& batch, Rng& rng) override;

 protected:
  Tensor maps(const Tensor& scaled, const Tensor& given) override;
  std::unique_ptr<PixelStepper> stepper(const Tensor& given, std::int64_t lanes) override;

 private:
  struct Stream {
    std::vector<GatedResnet> up, down;
    ShiftedConv downsample{nullptr}, upsample{nullptr};  // into the level; out of the one below
  };
  struct Level {
    Stream u, ul;
  };
  class Stepper;
  class Dropping;

  void add_level(const PixelCnnPpOptions& o, std::int64_t number);

  Rng* dropping_ = nullptr;  // while training computes its loss
  ShiftedConv first_u_, first_above_, first_left_, last_;
  std::vector<Level> levels_;
  Tensor started_;  // [] int64
};

}  // namespace kiln
