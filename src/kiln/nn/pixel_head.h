#pragma once

#include "kiln/nn/lane_network.h"
#include "kiln/nn/pixel_law.h"

namespace kiln {

/// The last layers of PixelRNN and PixelCNN, arXiv:1601.06759, table 1: ReLU and 1x1 some times to
/// hidden maps, and once to the outputs; all masked by channel.  maps [B, in, H, W] -> the outputs
/// of a law, [B, O, H, W].
class PixelHeadImpl : public torch::nn::Module {
 public:
  /// `in` maps, and `hidden` maps in each of the hidden layers, in blocks by channel.
  PixelHeadImpl(std::int64_t in, std::int64_t hidden, std::int64_t hidden_layers,
                const PixelLaw& law);
  Tensor forward(Tensor maps);

  std::vector<MaskedConv2d> layers;  ///< The last one gives the outputs.
};
TORCH_MODULE(PixelHead);

/// The same at one pixel.
class LaneHead {
 public:
  LaneHead(const PixelHeadImpl& head, std::int64_t lanes);
  /// in [maps, lanes] -> all outputs, [O, lanes], those of a channel new; good until the next call.
  const float* run(const float* in, std::int64_t channel);

 private:
  struct Layer {
    LaneConv conv;
    std::vector<std::int64_t> groups;  // of what it reads
    LaneMemory rectified, out;
  };
  std::int64_t lanes_;
  std::vector<Layer> layers_;
};

/// max(0, .) of the maps of a channel, [maps, lanes].
void rectify(const std::vector<std::int64_t>& groups, std::int64_t channel, std::int64_t lanes,
             const float* in, float* out);

}  // namespace kiln
