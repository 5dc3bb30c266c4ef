#include "kiln/nn/strided_trunk.h"

#include "kiln/nn/conv2d.h"

#include <torch/nn/functional/instancenorm.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/instancenorm.h>
#include <torch/nn/modules/normalization.h>

#include <algorithm>

namespace kiln {
namespace {

constexpr std::int64_t kKernel = 4;

void push_norm(torch::nn::Sequential& network, MapNorm norm, std::int64_t maps) {
  switch (norm) {
    case MapNorm::batch:
      network->push_back(torch::nn::BatchNorm2d(maps));
      break;
    case MapNorm::layer:
      network->push_back(torch::nn::GroupNorm(torch::nn::GroupNormOptions(1, maps)));
      break;
    case MapNorm::instance:
      network->push_back(
          torch::nn::InstanceNorm2d(torch::nn::InstanceNorm2dOptions(maps).affine(true)));
      break;
    case MapNorm::none:
      break;
  }
}

}  // namespace

void push_strided_layer(torch::nn::Sequential& network, const StridedLayer& layer) {
  network->push_back(Conv2d(Conv2dOptions{.in = layer.in,
                                          .out = layer.out,
                                          .kernel = kKernel,
                                          .stride = layer.stride,
                                          .padding = 1,
                                          .bias = layer.bias}));
  push_norm(network, layer.norm, layer.out);
  if (layer.slope == 0)
    network->push_back(torch::nn::ReLU(torch::nn::ReLUOptions(true)));
  else
    network->push_back(torch::nn::LeakyReLU(
        torch::nn::LeakyReLUOptions().negative_slope(layer.slope).inplace(true)));
}

std::int64_t filters_at(std::int64_t filters, std::int64_t layer, std::int64_t widest) {
  return filters * std::min(widest, std::int64_t{1} << layer);
}

void push_strided_trunk(torch::nn::Sequential& network, const StridedTrunk& trunk) {
  for (std::int64_t i = 0; i < trunk.halvings; ++i) {
    const bool first = i == 0;
    push_strided_layer(
        network, {.in = first ? trunk.channels : filters_at(trunk.filters, i - 1, trunk.widest),
                  .out = filters_at(trunk.filters, i, trunk.widest),
                  .norm = first ? MapNorm::none : trunk.norm,
                  .slope = trunk.slope,
                  .bias = first ? trunk.first_bias : trunk.norm == MapNorm::none});
  }
}

}  // namespace kiln
