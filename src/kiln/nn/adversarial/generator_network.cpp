#include "kiln/nn/adversarial/generator_network.h"

#include <fmt/format.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/linear.h>

#include <cmath>

#include "kiln/core/error.h"
#include "kiln/nn/conv_halvings.h"
#include "kiln/nn/transposed_conv.h"

namespace kiln {

using torch::nn::Sequential;

std::vector<std::pair<GanNetwork, std::string_view>> enum_names(GanNetwork) {
  return {{GanNetwork::dense, "dense"}, {GanNetwork::conv, "conv"}};
}

Sequential make_dense_generator(const DenseGeneratorOptions& o) {
  Sequential net;
  for (std::int64_t i = 0; i <= o.layers; ++i) {
    const auto in = i == 0 ? o.inputs : o.hidden, out = i == o.layers ? o.outputs : o.hidden;
    torch::nn::Linear layer(in, out);
    torch::nn::init::orthogonal_(layer->weight, i == o.layers ? 1 : std::sqrt(2.));
    torch::NoGradGuard no_grad;
    layer->bias.zero_();
    net->push_back(layer);
    if (i < o.layers) net->push_back(torch::nn::ReLU());
  }
  if (o.images) net->push_back(torch::nn::Tanh());
  return net;
}

void check_conv_image(std::string_view where, std::int64_t channels, std::int64_t height,
                      std::int64_t width) {
  if (channels == 0)
    throw ConfigError(where, "needs images, got a table; use images:DIR,size=32, digits or shapes");
  if (height != width || height % 4 != 0 || height < 8)
    throw ConfigError(where, fmt::format("needs square images whose side is a multiple of 4 from 8 "
                                         "up, got {}x{}; read them with images:...,size=32",
                                         height, width));
}

Sequential make_conv_generator(const ConvGeneratorOptions& o) {
  const auto doublings = conv_halvings(o.side, o.side);
  auto filters = o.filters << (doublings - 1);
  Sequential net;
  net->push_back(TransposedConv2d(TransposedConv2dOptions{
      .in = o.inputs, .out = filters, .kernel = o.side >> doublings, .bias = false}));
  for (auto left = doublings; left > 0; --left) {
    net->push_back(torch::nn::BatchNorm2d(filters));
    net->push_back(torch::nn::ReLU(torch::nn::ReLUOptions(true)));
    const auto out = left == 1 ? o.channels : filters / 2;
    net->push_back(TransposedConv2d(TransposedConv2dOptions{
        .in = filters, .out = out, .kernel = 4, .stride = 2, .padding = 1, .bias = false}));
    filters = out;
  }
  net->push_back(torch::nn::Tanh());
  return net;
}

void start_dcgan_weights(torch::nn::Module& net) {
  torch::NoGradGuard no_grad;
  for (const auto& entry : net.named_parameters())
    if (entry.key().ends_with("weight"))
      torch::nn::init::normal_(entry.value(), entry.value().dim() == 1 ? 1 : 0, .02);
}

}  // namespace kiln
