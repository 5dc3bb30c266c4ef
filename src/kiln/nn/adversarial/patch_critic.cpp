#include "kiln/nn/adversarial/patch_critic.h"

#include <torch/nn/modules/conv.h>

#include "kiln/nn/conv2d.h"
#include "kiln/nn/strided_trunk.h"

namespace kiln {
namespace {

constexpr double kSlope = .2;
constexpr std::int64_t kKernel = 4, kWidest = 8;

}  // namespace

std::vector<std::pair<PatchNorm, std::string_view>> enum_names(PatchNorm) {
  return {{PatchNorm::none, "none"}, {PatchNorm::instance, "instance"}};
}

torch::nn::Sequential make_patch_critic(const PatchCriticOptions& o) {
  const auto norm = o.norm == PatchNorm::instance ? MapNorm::instance : MapNorm::none;
  const auto filters = [&](std::int64_t layer) { return filters_at(o.filters, layer, kWidest); };
  torch::nn::Sequential net;
  push_strided_trunk(net, {.channels = o.channels,
                           .filters = o.filters,
                           .halvings = o.halvings,
                           .widest = kWidest,
                           .norm = norm,
                           .slope = kSlope});
  push_strided_layer(net, {.in = filters(o.halvings - 1),
                           .out = filters(o.halvings),
                           .stride = 1,
                           .norm = norm,
                           .slope = kSlope,
                           .bias = norm == MapNorm::none});
  net->push_back(
      Conv2d(Conv2dOptions{.in = filters(o.halvings), .out = 1, .kernel = kKernel, .padding = 1}));
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
