#include "kiln/nn/code_network.h"

#include "kiln/core/check.h"
#include "kiln/nn/layer_size.h"
#include "kiln/prob/bernoulli.h"

namespace kiln {
namespace {

using torch::nn::Linear;
using torch::nn::Sequential;

const CodeNetworkOptions& checked_together(std::string_view owner, const CodeNetworkOptions& o) {
  const auto& c = o.coder;
  if (c.layers == 0 && c.network == CoderNetwork::conv)
    throw ConfigError(owner, "layers 0 is a linear network; use network dense");
  check_coder(owner, c);
  if (c.layers == 0) check_layer_size(owner, c.data_dim, std::max(c.latent, o.code_outputs));
  return o;
}

Sequential encoder_of(const CoderOptions& o) {
  return o.layers == 0 ? Sequential() : make_encoder(o);
}

Sequential decoder_of(const CoderOptions& o) {
  return o.layers == 0 ? Sequential(Linear(o.latent, o.data_dim)) : make_decoder(o);
}

}  // namespace

std::vector<std::pair<CodeLoss, std::string_view>> enum_names(CodeLoss) {
  return {{CodeLoss::squared, "squared"}, {CodeLoss::bernoulli, "bernoulli"}};
}

CodeNetwork::CodeNetwork(std::string_view owner, const CodeNetworkOptions& o)
    : owner_(owner),
      options_(checked_together(owner, o)),
      encoder_(register_module("encoder", encoder_of(o.coder))),
      code_(register_module("code",
                            Linear(linear() ? o.coder.data_dim : o.coder.hidden, o.code_outputs))),
      decoder_(register_module("decoder", decoder_of(o.coder))) {}

Tensor CodeNetwork::encode(const Tensor& x) {
  const auto flat = shape().flat(owner_ + ".encode", "x", x);
  if (linear()) return code_(flat);
  const bool dense = options_.coder.network == CoderNetwork::dense;
  return code_(encoder_->forward(dense ? flat : shape().shaped(flat)));
}

bool CodeNetwork::squashed() const {
  return options_.loss == CodeLoss::bernoulli || (options_.coder.channels > 0 && !linear());
}

Tensor CodeNetwork::decode_parameters(const Tensor& z) {
  check_shape(owner_ + ".decode", "z", z, {kAny, options_.coder.latent});
  const auto y = decoder_->forward(z);
  return options_.loss == CodeLoss::squared && squashed() ? torch::sigmoid(y) : y;
}

Tensor CodeNetwork::decode_mean(const Tensor& z) {
  const auto y = decode_parameters(z);
  return shape().shaped(options_.loss == CodeLoss::bernoulli ? torch::sigmoid(y) : y);
}

Tensor CodeNetwork::error(const Tensor& x, const Tensor& z) {
  const auto flat = shape().flat(owner_ + ".error", "x", x);
  const auto y = decode_parameters(z);
  if (options_.loss == CodeLoss::bernoulli) return -bernoulli_log_prob(flat, y);
  return (flat - y).square().sum(1);
}

Values CodeNetwork::values() const {
  const bool unit = options_.loss == CodeLoss::bernoulli || options_.coder.channels > 0;
  return unit ? Values::unit : Values::real;
}

void CodeNetwork::start_from_mean(const Tensor& mean) {
  torch::NoGradGuard no_grad;
  auto bias = decoder_->parameters().back();
  if (mean.numel() != options_.coder.data_dim)
    check_shape(owner_ + ".start_from_data", "mean", mean, {options_.coder.data_dim});
  // A convolution has one bias per channel.
  const auto start = mean.reshape({bias.numel(), -1}).mean(1);
  bias.copy_(squashed() ? log_odds(start, 1e-3) : start);
}

ItemShape CodeNetwork::shape() const {
  const auto& c = options_.coder;
  return {.data_dim = c.data_dim, .channels = c.channels, .height = c.height, .width = c.width};
}

}  // namespace kiln
