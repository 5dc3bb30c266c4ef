#include "kiln/nn/coder.h"

#include <fmt/format.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/linear.h>

#include <algorithm>
#include <string>

#include "kiln/core/error.h"
#include "kiln/nn/conv_halvings.h"
#include "kiln/nn/dense_layer.h"
#include "kiln/nn/layer_size.h"
#include "kiln/nn/strided_trunk.h"
#include "kiln/nn/transposed_conv.h"

namespace kiln {
namespace {

using torch::nn::Linear;
using torch::nn::ReLU;
using torch::nn::Sequential;

ReLU relu() { return ReLU(torch::nn::ReLUOptions(true)); }

Activation activation_of(const CoderOptions& o) {
  return o.activation == CoderActivation::tanh ? Activation::tanh : Activation::relu;
}

std::int64_t halvings(const CoderOptions& o) { return conv_halvings(o.height, o.width); }

constexpr std::int64_t kWidest = 8;  // filters, times the first

std::int64_t filters_at(const CoderOptions& o, std::int64_t i) {
  return kiln::filters_at(o.filters, i, kWidest);
}

// Numbers that the dense layer next to the convolutions sees.
std::int64_t features(const CoderOptions& o) {
  if (o.network == CoderNetwork::dense) return o.data_dim;
  const auto times = halvings(o);
  return filters_at(o, times - 1) * (o.height >> times) * (o.width >> times);
}

Sequential dense_encoder(const CoderOptions& o) {
  Sequential net;
  push_dense_layers(net, o.data_dim + o.classes, o.hidden, o.layers, activation_of(o));
  return net;
}

Sequential dense_decoder(const CoderOptions& o) {
  Sequential net;
  push_dense_layers(net, o.latent + o.classes, o.hidden, o.layers, activation_of(o));
  net->push_back(std::to_string(2 * o.layers),
                 DenseLayer(o.hidden, o.data_dim * o.outputs, Activation::none));
  return net;
}

// [B, C, H, W] -> halved `halvings` times, filters doubling -> [B, hidden].
Sequential conv_encoder(const CoderOptions& o) {
  Sequential net;
  push_strided_trunk(net, {.channels = o.channels + o.classes,
                           .filters = o.filters,
                           .halvings = halvings(o),
                           .widest = kWidest});
  net->push_back(torch::nn::Flatten());
  net->push_back(Linear(features(o), o.hidden));
  net->push_back(relu());
  return net;
}

// The encoder's mirror image: [B, J] -> [B, D].
Sequential conv_decoder(const CoderOptions& o) {
  Sequential net;
  const auto times = halvings(o);
  const auto deepest = filters_at(o, times - 1);
  const auto height = o.height >> times, width = o.width >> times;
  net->push_back(Linear(o.latent + o.classes, o.hidden));
  net->push_back(relu());
  net->push_back(Linear(o.hidden, features(o)));
  net->push_back(torch::nn::Unflatten(
      torch::nn::UnflattenOptions(1, std::vector<std::int64_t>{deepest, height, width})));
  for (auto i = times - 1; i >= 0; --i) {
    net->push_back(relu());
    const auto out = i == 0 ? o.channels * o.outputs : filters_at(o, i - 1);
    net->push_back(TransposedConv2d(TransposedConv2dOptions{
        .in = filters_at(o, i), .out = out, .kernel = 4, .stride = 2, .padding = 1}));
  }
  net->push_back(torch::nn::Flatten());
  return net;
}

void check_conv(std::string_view where, const CoderOptions& o) {
  if (o.channels == 0)
    throw ConfigError(where, "network conv needs images, got a table; use network dense");
  if (o.height % 4 != 0 || o.width % 4 != 0 || std::min(o.height, o.width) < 8)
    throw ConfigError(where,
                      fmt::format("network conv needs sides that are multiples of 4 from 8 up, got "
                                  "{}x{}; read the images with size=32, or use network dense",
                                  o.height, o.width));
  if (o.activation != CoderActivation::relu)
    throw ConfigError(where, "network conv is made of relu layers; use network dense for tanh");
}

}  // namespace

std::vector<std::pair<CoderNetwork, std::string_view>> enum_names(CoderNetwork) {
  return {{CoderNetwork::dense, "dense"}, {CoderNetwork::conv, "conv"}};
}

std::vector<std::pair<CoderActivation, std::string_view>> enum_names(CoderActivation) {
  return {{CoderActivation::relu, "relu"}, {CoderActivation::tanh, "tanh"}};
}

void check_coder(std::string_view where, const CoderOptions& o) {
  if (o.channels > 0 && o.channels * o.height * o.width != o.data_dim)
    throw ConfigError(where, fmt::format("data_dim must be {} x {} x {}, got {}", o.channels,
                                         o.height, o.width, o.data_dim));
  if (o.network == CoderNetwork::conv) check_conv(where, o);
  check_layer_size(where, features(o) * o.outputs, o.hidden);
}

Sequential make_encoder(const CoderOptions& options) {
  auto net =
      options.network == CoderNetwork::dense ? dense_encoder(options) : conv_encoder(options);
  start_dense_layers(*net, options.activation);
  return net;
}

Sequential make_decoder(const CoderOptions& options) {
  auto net =
      options.network == CoderNetwork::dense ? dense_decoder(options) : conv_decoder(options);
  start_dense_layers(*net, options.activation);
  return net;
}

Tensor encoder_input(const CoderOptions& o, const Tensor& x, const Tensor& one_hot) {
  const auto own = o.network == CoderNetwork::dense ? x.flatten(1) : x;
  if (o.classes == 0) return own;
  const auto beside =
      o.network == CoderNetwork::dense
          ? one_hot
          : one_hot.view({-1, o.classes, 1, 1}).expand({-1, -1, x.size(2), x.size(3)});
  return torch::cat({own, beside}, 1);
}

void start_dense_layers(torch::nn::Module& module, CoderActivation activation) {
  if (activation == CoderActivation::relu) return;
  for (auto& part : module.modules())
    if (auto* layer = part->as<Linear>()) {
      torch::nn::init::xavier_uniform_(layer->weight);
      torch::nn::init::zeros_(layer->bias);
    }
}

}  // namespace kiln
