#include "kiln/nn/adversarial/growing_networks.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>

#include "kiln/core/check.h"
#include "kiln/nn/adversarial/minibatch_deviation.h"
#include "kiln/nn/pixel_norm.h"

namespace kiln {
namespace {

constexpr double kSlope = .2;
constexpr std::int64_t kLastWide = 3;  // 32 pixels, where the first level has 4

Tensor leaky(const Tensor& x) { return at::leaky_relu(x, kSlope); }

std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

}  // namespace

std::int64_t growing_features(const GrowingOptions& o, std::int64_t level) {
  return std::max<std::int64_t>(1, o.features >> std::max<std::int64_t>(0, level - kLastWide));
}

Tensor doubled(const Tensor& x) {
  return at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)});
}

Tensor halved(const Tensor& x) { return at::avg_pool2d(x, {2, 2}); }

Tensor blended(const Tensor& low, const Tensor& high, double alpha) {
  return alpha == 1 ? high : low + alpha * (high - low);
}

GrowingGeneratorImpl::GrowingGeneratorImpl(const GrowingOptions& o) : options_(o) {
  const auto wide = growing_features(o, 0);
  // The authors' gain for this layer.
  dense_ =
      register_module("dense", EqualizedLinear(EqualizedOptions{.in = o.latent,
                                                                .out = wide * o.first * o.first,
                                                                .gain = std::numbers::sqrt2 / 4,
                                                                .bias = false}));
  dense_bias_ = register_parameter("dense_bias", torch::zeros({wide, 1, 1}));
  const auto conv = [&](const std::string& name, std::int64_t in, std::int64_t out) {
    convs_.push_back(register_module(
        name, EqualizedConv2d(EqualizedOptions{.in = in, .out = out, .kernel = 3})));
  };
  conv("level0_conv", wide, wide);
  for (std::int64_t l = 1; l < o.levels; ++l) {
    conv(fmt::format("level{}_conv1", l), growing_features(o, l - 1), growing_features(o, l));
    conv(fmt::format("level{}_conv2", l), growing_features(o, l), growing_features(o, l));
  }
  for (std::int64_t l = 0; l < o.levels; ++l)
    pictures_.push_back(
        register_module(fmt::format("level{}_to_picture", l),
                        EqualizedConv2d(EqualizedOptions{
                            .in = growing_features(o, l), .out = o.channels, .gain = 1})));
}

Tensor GrowingGeneratorImpl::first(const Tensor& z) {
  const auto h =
      dense_->forward(pixel_norm(z)).view({z.size(0), -1, options_.first, options_.first}) +
      dense_bias_;
  return pixel_norm(leaky(convs_[0]->forward(pixel_norm(leaky(h)))));
}

Tensor GrowingGeneratorImpl::forward(const Tensor& z, const Growth& growth) {
  check_shape("growing_generator", "z", z, {kAny, options_.latent});
  auto h = first(z);
  Tensor low;
  for (std::int64_t l = 1; l <= growth.level; ++l) {
    if (l == growth.level && growth.alpha < 1) low = doubled(pictures_[index(l - 1)]->forward(h));
    h = pixel_norm(leaky(convs_[index(2 * l - 1)]->forward(doubled(h))));
    h = pixel_norm(leaky(convs_[index(2 * l)]->forward(h)));
  }
  const auto high = pictures_[index(growth.level)]->forward(h);
  return low.defined() ? blended(low, high, growth.alpha) : high;
}

GrowingCriticImpl::GrowingCriticImpl(const GrowingOptions& o) : options_(o) {
  for (std::int64_t l = 0; l < o.levels; ++l)
    pictures_.push_back(register_module(
        fmt::format("level{}_from_picture", l),
        EqualizedConv2d(EqualizedOptions{.in = o.channels, .out = growing_features(o, l)})));
  const auto conv = [&](const std::string& name, std::int64_t in, std::int64_t out) {
    convs_.push_back(register_module(
        name, EqualizedConv2d(EqualizedOptions{.in = in, .out = out, .kernel = 3})));
  };
  for (std::int64_t l = 1; l < o.levels; ++l) {
    conv(fmt::format("level{}_conv1", l), growing_features(o, l), growing_features(o, l));
    conv(fmt::format("level{}_conv2", l), growing_features(o, l), growing_features(o, l - 1));
  }
  const auto wide = growing_features(o, 0);
  conv("level0_conv", wide + (o.deviation ? 1 : 0), wide);
  dense_ = register_module(
      "dense", EqualizedLinear(EqualizedOptions{.in = wide * o.first * o.first, .out = wide}));
  out_ = register_module("out", EqualizedLinear(EqualizedOptions{.in = wide, .out = 1, .gain = 1}));
}

// The maps of a level as they leave it for the one below.
Tensor GrowingCriticImpl::seen(const Tensor& x, std::int64_t level) {
  const auto h = leaky(convs_[index(2 * level - 2)]->forward(x));
  return halved(leaky(convs_[index(2 * level - 1)]->forward(h)));
}

Tensor GrowingCriticImpl::forward(const Tensor& x, const Growth& growth) {
  const auto side = options_.first << growth.level;
  check_shape("growing_critic", "x", x, {kAny, options_.channels, side, side});
  auto h = leaky(pictures_[index(growth.level)]->forward(x));
  for (auto l = growth.level; l > 0; --l) {
    h = seen(h, l);
    if (l == growth.level && growth.alpha < 1)
      h = blended(leaky(pictures_[index(l - 1)]->forward(halved(x))), h, growth.alpha);
  }
  if (options_.deviation) {
    const auto deviation = minibatch_deviation(h, kGroup).view({-1, 1, 1, 1});
    h = torch::cat({h, deviation.expand({-1, 1, h.size(2), h.size(3)})}, 1);
  }
  h = leaky(convs_.back()->forward(h));
  return out_->forward(leaky(dense_->forward(h.flatten(1)))).squeeze(1);
}

}  // namespace kiln
