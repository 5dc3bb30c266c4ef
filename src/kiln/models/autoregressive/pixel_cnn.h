#pragma once

#include "kiln/models/pixel_model.h"
#include "kiln/nn/pixel_head.h"

namespace kiln {

struct PixelCnnOptions : PixelOptions {
  std::int64_t hidden = 32;  // h
  std::int64_t layers = 7;   // L
  std::int64_t head = 32;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit_pixels(self, visit);
    visit("hidden", self.hidden,
          Field{.help = "maps inside of a block; twice as many between blocks",
                .low = 1,
                .high = 1024});
    visit("layers", self.layers, Field{.help = "residual blocks", .low = 0, .high = 64});
    visit("head", self.head,
          Field{.help = "maps of the two hidden layers before the logits", .low = 1, .high = 4096});
  }
};

/// PixelCNN: masked convolutions in residual blocks.  van den Oord, Kalchbrenner & Kavukcuoglu
/// 2016, arXiv:1601.06759, section 3.3 to 3.5.
///
///   y_0 = conv7x7_A(x),   y_l = y_{l-1} + 1x1(relu(conv3x3_B(relu(1x1(relu(y_{l-1}))))))
///   logits = 1x1(relu(1x1(relu(1x1(relu(y_L))))))
///
/// Stacked masked convolutions have a blind spot: what lies above, to the right, beyond a diagonal
/// is never read.  With condition label, V_y is added before each block's last ReLU.
/// Shapes: as of PixelModel; h hidden, 2h maps between blocks.
/// Differs from the paper: Adam instead of RMSProp; pixels are shown as -1 .. 1.
class PixelCnn : public PixelModel {
 public:
  using Options = PixelCnnOptions;
  static std::vector<RecipeFor<Options>> recipes();

  explicit PixelCnn(const PixelCnnOptions& options);  ///< Throws ConfigError.

 protected:
  Tensor maps(const Tensor& scaled, const Tensor& given) override;
  std::unique_ptr<PixelStepper> stepper(const Tensor& given, std::int64_t lanes) override;

 private:
  struct Block {
    MaskedConv2d in, middle, out;
    Tensor label;  // [K, h], where something is given
  };
  class Stepper;

  MaskedConv2d first_;
  std::vector<Block> blocks_;
  PixelHead head_;
};

}  // namespace kiln
