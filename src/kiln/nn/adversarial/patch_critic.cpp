#include "kiln/nn/adversarial/patch_critic.h"

#include <torch/nn/functional/instancenorm.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/instancenorm.h>

#include <algorithm>

namespace kiln {
namespace {

constexpr double kSlope = .2;
constexpr std::int64_t kKernel = 4, kWidest = 8;

std::int64_t filters_at(const PatchCriticOptions& o, std::int64_t layer) {
  return o.filters * std::min<std::int64_t>(kWidest, std::int64_t{1} << layer);
}

torch::nn::Conv2d conv(std::int64_t in, std::int64_t out, std::int64_t stride, bool bias) {
  return torch::nn::Conv2d(
      torch::nn::Conv2dOptions(in, out, kKernel).stride(stride).padding(1).bias(bias));
}

}  // namespace

std::vector<std::pair<PatchNorm, std::string_view>> enum_names(PatchNorm) {
  return {{PatchNorm::none, "none"}, {PatchNorm::instance, "instance"}};
}

torch::nn::Sequential make_patch_critic(const PatchCriticOptions& o) {
  const bool normalised = o.norm == PatchNorm::instance;
  torch::nn::Sequential net;
  for (std::int64_t layer = 0; layer <= o.halvings; ++layer) {
    const auto in = layer == 0 ? o.channels : filters_at(o, layer - 1), out = filters_at(o, layer);
    net->push_back(conv(in, out, layer < o.halvings ? 2 : 1, layer == 0 || !normalised));
    if (layer > 0 && normalised)
      net->push_back(torch::nn::InstanceNorm2d(torch::nn::InstanceNorm2dOptions(out).affine(true)));
    net->push_back(torch::nn::LeakyReLU(torch::nn::LeakyReLUOptions().negative_slope(kSlope)));
  }
  net->push_back(conv(filters_at(o, o.halvings), 1, 1, true));
  return net;
}

// From a logit back to the pixels: rf = (rf - 1) stride + kernel.
std::int64_t patch_side(std::int64_t halvings) {
  std::int64_t side = 1;
  for (int i = 0; i < 2; ++i) side += kKernel - 1;
  for (std::int64_t i = 0; i < halvings; ++i) side = 2 * (side - 1) + kKernel;
  return side;
}

std::int64_t patch_map_side(std::int64_t side, std::int64_t halvings) {
  for (std::int64_t i = 0; i < halvings; ++i) side /= 2;
  return side - 2;
}

}  // namespace kiln
