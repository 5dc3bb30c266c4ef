#pragma once

#include <torch/nn/modules/container/sequential.h>

#include <cstdint>

namespace kiln {

/// What normalises a layer's maps: batch normalisation, layer normalisation (over all of an item's
/// own features) or instance normalisation (over each of an item's maps).  All have one scale and
/// shift a map.
enum class MapNorm { none, batch, layer, instance };

struct StridedLayer {
  std::int64_t in = 1, out = 32, stride = 2;
  MapNorm norm = MapNorm::none;
  double slope = 0;  ///< Of the leaky ReLU; 0: a ReLU.
  bool bias = true;
};

/// Appends a 4 x 4 convolution with padding 1, its normalisation and its ReLU, as modules of their
/// own: [B, in, H, W] -> [B, out, H / 2, W / 2], or with stride 1 [B, out, H - 1, W - 1].
void push_strided_layer(torch::nn::Sequential& network, const StridedLayer& layer);

struct StridedTrunk {
  std::int64_t channels = 1, filters = 32, halvings = 2;
  std::int64_t widest = 1 << 16;  ///< Filters at most this many times the first.
  MapNorm norm = MapNorm::none;   ///< Of every layer but the first.
  double slope = 0;
  bool first_bias = true;  ///< The others have one where nothing normalises.
};

/// Filters of layer i, counted from the picture: doubling up to `widest` times the first.
std::int64_t filters_at(std::int64_t filters, std::int64_t layer, std::int64_t widest = 1 << 16);

/// Appends `halvings` such layers: [B, channels, H, W] -> [B, filters_at(halvings - 1), H / 2^n,
/// W / 2^n].  Radford, Metz & Chintala 2016, arXiv:1511.06434, section 3.
void push_strided_trunk(torch::nn::Sequential& network, const StridedTrunk& trunk);

}  // namespace kiln
