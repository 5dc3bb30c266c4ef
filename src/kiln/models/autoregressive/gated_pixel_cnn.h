#pragma once

#include "kiln/models/pixel_model.h"
#include "kiln/nn/pixel_head.h"

namespace kiln {

struct GatedPixelCnnOptions : PixelOptions {
  std::int64_t maps = 32;   // F
  std::int64_t layers = 8;  // L
  std::int64_t kernel = 3;  // k, after the first layer
  std::int64_t head = 32;   // S

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit_pixels(self, visit);
    visit("maps", self.maps, Field{.help = "maps of each stack", .low = 1, .high = 1024});
    visit("layers", self.layers, Field{.help = "gated layers", .low = 1, .high = 64});
    visit("kernel", self.kernel,
          Field{.help = "side of the kernels after the first, odd", .low = 3, .high = 15});
    visit("head", self.head,
          Field{.help = "maps of the skip connections and of the last hidden layer",
                .low = 1,
                .high = 4096});
  }
};

/// Gated PixelCNN: a vertical and a horizontal stack, so that nothing is blind.  van den Oord et
/// al. 2016, arXiv:1606.05328, section 2.
///
///   a_v = conv_rows(v) + V_v y,                    v' = tanh(a_v1) sigmoid(a_v2)
///   a_h = conv_left(h) + 1x1(down(a_v)) + V_h y,   g = tanh(a_h1) sigmoid(a_h2)
///   h' = h + 1x1(g),   skip = sum over layers of 1x1(g),   logits = 1x1(relu(1x1(relu(skip))))
///
/// conv_rows reads the rows up to the pixel's own, down() moves them one row down, conv_left reads
/// the row up to the pixel.  The first layer has 7x7 kernels, reads the picture, not the pixel
/// itself, and has no residual: h' = 1x1(g).
/// Shapes: as of PixelModel; F maps of each stack, 2F before the gate, S of the skip connections.
/// Differs from the paper: skip connections from every layer; Adam.
class GatedPixelCnn : public PixelModel {
 public:
  using Options = GatedPixelCnnOptions;
  static std::vector<RecipeFor<Options>> recipes();

  explicit GatedPixelCnn(const GatedPixelCnnOptions& options);  ///< Throws ConfigError.

 protected:
  Tensor maps(const Tensor& scaled, const Tensor& given) override;
  std::unique_ptr<PixelStepper> stepper(const Tensor& given, std::int64_t lanes) override;

 private:
  struct Layer {
    MaskedConv2d vertical, link, horizontal, skip;
    MaskedConv2d residual{nullptr};  // none in the last layer: nothing reads its h'
    Tensor vertical_label = {}, horizontal_label = {};  // [K, 2F], where something is given
  };
  class Stepper;

  Layer make_layer(const GatedPixelCnnOptions& o, std::int64_t number);

  std::int64_t maps_;
  std::vector<Layer> layers_;
  PixelHead head_;
};

}  // namespace kiln
