#include "kiln/nn/pixel_head.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <numbers>

#include "kiln/kernels/lane_ops_simd.h"

namespace kiln {

PixelHeadImpl::PixelHeadImpl(std::int64_t in, std::int64_t hidden, std::int64_t hidden_layers,
                             const PixelLaw& law) {
  auto from = channel_groups(in, law.channels());
  const auto add = [&](const std::vector<std::int64_t>& to, double gain) {
    layers.push_back(
        register_module(fmt::format("{}", layers.size()),
                        MaskedConv2d(MaskedConvOptions{.in = from, .out = to, .gain = gain})));
    from = to;
  };
  for (std::int64_t l = 0; l < hidden_layers; ++l)
    add(channel_groups(hidden, law.channels()), std::numbers::sqrt2);
  add(law.groups(), 1);
}

Tensor PixelHeadImpl::forward(Tensor maps) {
  for (auto& layer : layers) maps = layer(torch::relu(maps));
  return maps;
}

LaneHead::LaneHead(const PixelHeadImpl& head, std::int64_t lanes) : lanes_(lanes) {
  for (const auto& layer : head.layers) {
    const auto &in = layer->options().in, &out = layer->options().out;
    layers_.push_back({LaneConv(*layer, lanes), in,
                       LaneMemory(static_cast<std::int64_t>(in.size()) * lanes),
                       LaneMemory(static_cast<std::int64_t>(out.size()) * lanes)});
  }
}

const float* LaneHead::run(const float* in, std::int64_t channel) {
  for (auto& layer : layers_) {
    rectify(layer.groups, channel, lanes_, in, layer.rectified.data());
    layer.conv.run(layer.rectified.data(), channel, layer.out.data());
    in = layer.out.data();
  }
  return in;
}

void rectify(const std::vector<std::int64_t>& groups, std::int64_t channel, std::int64_t lanes,
             const float* in, float* out) {
  const auto [first, count] = maps_of(groups, channel);
  simd::lane_relu(in + first * lanes, static_cast<std::size_t>(count * lanes), out + first * lanes);
}

}  // namespace kiln
