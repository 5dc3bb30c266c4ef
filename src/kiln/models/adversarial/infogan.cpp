#include "kiln/models/adversarial/infogan.h"

#include <fmt/format.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/normalization.h>

#include <cmath>
#include <numbers>

#include "kiln/core/check.h"
#include "kiln/models/decode_in_parts.h"
#include "kiln/nn/code_critic.h"
#include "kiln/nn/conv_halvings.h"
#include "kiln/nn/eval_scope.h"
#include "kiln/nn/strided_trunk.h"

namespace kiln {
namespace {

constexpr std::int64_t kItemsAtOnce = 256;  // read together
constexpr double kSlope = .1, kLeastLogDeviation = -3;

torch::nn::Sequential make_generator(const InfoganOptions& o) {
  if (o.network == GanNetwork::dense)
    return make_dense_generator({.inputs = o.code_numbers(),
                                 .hidden = o.hidden.value_or(InfoganOptions::kHidden),
                                 .layers = o.layers.value_or(InfoganOptions::kLayers),
                                 .outputs = o.data_dim,
                                 .images = o.channels > 0});
  auto net = make_conv_generator({.inputs = o.code_numbers(),
                                  .channels = o.channels,
                                  .side = o.height,
                                  .filters = o.filters.value_or(InfoganOptions::kFilters)});
  start_dcgan_weights(*net);
  return net;
}

torch::nn::LeakyReLU leaky() {
  return torch::nn::LeakyReLU(torch::nn::LeakyReLUOptions().negative_slope(kSlope));
}

// A GroupNorm of one group: over an item's own features.
void add_norm(torch::nn::Sequential& net, const InfoganOptions& o, std::int64_t features) {
  if (o.critic_norm == CriticNorm::layer)
    net->push_back(torch::nn::GroupNorm(torch::nn::GroupNormOptions(1, features)));
  else
    net->push_back(torch::nn::BatchNorm1d(features));
}

// Appendix C.1: strided convolutions, filters doubling, and a dense layer; batch normalisation but
// next to the image.
torch::nn::Sequential conv_trunk(const InfoganOptions& o) {
  torch::nn::Sequential net;
  const auto halvings = conv_halvings(o.height, o.width),
             first = o.filters.value_or(InfoganOptions::kFilters);
  push_strided_trunk(net,
                     {.channels = o.channels,
                      .filters = first,
                      .halvings = halvings,
                      .norm = o.critic_norm == CriticNorm::layer ? MapNorm::layer : MapNorm::batch,
                      .slope = kSlope});
  const auto in = filters_at(first, halvings - 1), side = o.height >> halvings,
             units = o.critic_units.value_or(InfoganOptions::kCriticUnits);
  net->push_back(torch::nn::Flatten());
  net->push_back(torch::nn::Linear(torch::nn::LinearOptions(in * side * side, units).bias(false)));
  add_norm(net, o, units);
  net->push_back(leaky());
  start_dcgan_weights(*net);
  return net;
}

torch::nn::Sequential make_trunk(const InfoganOptions& o) {
  if (o.network == GanNetwork::conv) return conv_trunk(o);
  torch::nn::Sequential net;
  net->push_back(torch::nn::Flatten());
  for (std::int64_t i = 0; i < o.layers.value_or(InfoganOptions::kLayers); ++i) {
    const auto hidden = o.hidden.value_or(InfoganOptions::kHidden);
    net->push_back(torch::nn::Linear(i == 0 ? o.data_dim : hidden, hidden));
    net->push_back(leaky());
  }
  return net;
}

torch::nn::Sequential make_reader(const InfoganOptions& o) {
  const auto outputs = o.categorical * o.categories + 2 * o.continuous;
  torch::nn::Sequential net;
  net->push_back(torch::nn::Linear(o.features(), o.reader_hidden));
  if (o.network == GanNetwork::conv) add_norm(net, o, o.reader_hidden);
  net->push_back(leaky());
  net->push_back(torch::nn::Linear(o.reader_hidden, outputs));
  return net;
}

}  // namespace

Infogan::Infogan(const InfoganOptions& o)
    : options_(checked_together(o)),
      generator_(register_module("generator", make_generator(o))),
      trunk_(register_module("trunk", make_trunk(o))),
      critic_(register_module("critic", torch::nn::Linear(o.features(), 1))),
      reader_(register_module("reader", make_reader(o))) {}

Values Infogan::values() const {
  return options_.channels > 0 ? Values::signed_unit : Values::real;
}

std::vector<CodePart> Infogan::code_parts() const {
  std::vector<CodePart> parts;
  auto first = options_.latent;
  for (std::int64_t i = 0; i < options_.categorical; ++i, first += options_.categories)
    parts.push_back(
        {CodePart::Kind::categorical, fmt::format("categorical{}", i), first, options_.categories});
  for (std::int64_t i = 0; i < options_.continuous; ++i, ++first)
    parts.push_back({CodePart::Kind::continuous, fmt::format("continuous{}", i), first, 1});
  return parts;
}

Tensor Infogan::generate(const Tensor& codes) {
  check_shape("infogan.generate", "z", codes, {kAny, options_.code_numbers()});
  if (options_.network == GanNetwork::conv)
    return generator_->forward(codes.view({-1, options_.code_numbers(), 1, 1}));
  const auto x = generator_->forward(codes);
  if (options_.channels == 0) return x;
  return x.view({-1, options_.channels, options_.height, options_.width});
}

Tensor Infogan::log_odds(const Tensor& features) { return critic_->forward(features).squeeze(1); }

Tensor Infogan::read(const Tensor& x) { return reader_->forward(trunk_->forward(x)); }

// A class: log softmax + ln K.  A number c with mean m and s = e^l: -(c - m)^2 / (2 s^2) - l -
// ln(2 pi) / 2 + ln 2.
Tensor Infogan::information_of(const Tensor& reading, const Tensor& codes) const {
  std::vector<Tensor> columns;
  std::int64_t at = 0;
  for (const auto& part : code_parts()) {
    const auto c = codes.narrow(1, part.first, part.size);
    if (part.kind == CodePart::Kind::categorical) {
      const auto log_q = at::log_softmax(reading.narrow(1, at, part.size), 1);
      columns.push_back((log_q * c).sum(1) + part.entropy());
      at += part.size;
    } else {
      const auto mean = reading.select(1, at);
      const auto log_s = reading.select(1, at + 1).clamp_min(kLeastLogDeviation);
      const auto gap = (c.squeeze(1) - mean) * (-log_s).exp();
      columns.push_back(-gap.square() / 2 - log_s - std::log(2 * std::numbers::pi) / 2 +
                        part.entropy());
      at += 2;
    }
  }
  return torch::stack(columns, 1);
}

// lambda L_I of the mean over the batch; the parts add up.
Tensor Infogan::weighted(const Tensor& information) const {
  const auto classes = information.narrow(1, 0, options_.categorical).sum(1).mean();
  const auto numbers =
      information.narrow(1, options_.categorical, options_.continuous).sum(1).mean();
  return options_.information * classes + options_.continuous_information * numbers;
}

// -log D(x) - log(1 - D(G(z, c)))
Tensor Infogan::critic_loss(const Tensor& real, const Tensor& fake) {
  return critic_log_loss(log_odds(trunk_->forward(real)), log_odds(trunk_->forward(fake)));
}

// -log D(G(z, c))
Tensor Infogan::generator_loss(const Tensor& fake) {
  return non_saturating_loss(log_odds(trunk_->forward(fake)));
}

void Infogan::begin_round(const Batch& batch, Rng& rng) {
  codes_ = sample_prior(batch.x.size(0), rng);
  fake_ = generate(codes_);
}

std::vector<std::pair<std::string, Tensor>> Infogan::log_of(const Tensor& information) const {
  std::vector<std::pair<std::string, Tensor>> log;
  const auto means = information.detach().mean(0);
  const auto parts = code_parts();
  for (std::size_t i = 0; i < parts.size(); ++i)
    log.emplace_back("information_" + parts[i].name, means[static_cast<std::int64_t>(i)]);
  return log;
}

// max V over D, which has the layers that Q reads from.
Objective Infogan::critic_turn(const Tensor& real) {
  KILN_ASSERT(fake_.defined());
  return {.loss = critic_loss(real, fake_.detach())};
}

// Eq. (6): min V - lambda L_I over G and Q.
Objective Infogan::generator_turn() {
  KILN_ASSERT(fake_.defined());
  const auto phi = trunk_->forward(fake_);
  const auto information = information_of(reader_->forward(phi), codes_);
  return {.loss = non_saturating_loss(log_odds(phi)) - weighted(information),
          .log = log_of(information)};
}

std::vector<Player> Infogan::players() {
  auto judges = trainable("trunk"), makers = trainable("generator");
  for (auto& weight : trainable("critic")) judges.push_back(std::move(weight));
  for (auto& weight : trainable("reader")) makers.push_back(std::move(weight));
  const auto adam = [](double rate) {
    return OptimizerOptions{.learning_rate = rate, .beta1 = .5};
  };
  return {{.name = "critic",
           .parameters = std::move(judges),
           .objective = [this](const Batch& batch, Rng&) { return critic_turn(batch.x); },
           .optimizer = adam(options_.critic_rate)},
          {.name = "generator",
           .parameters = std::move(makers),
           .objective = [this](const Batch&, Rng&) { return generator_turn(); },
           .optimizer = adam(options_.generator_rate)}};
}

Tensor Infogan::sample_prior(std::int64_t count, Rng& rng) {
  check_positive("infogan.sample_prior", "count", count);
  std::vector<Tensor> parts{rng.normal({count, options_.latent})};
  for (std::int64_t i = 0; i < options_.categorical; ++i)
    parts.push_back(at::one_hot(rng.integers(options_.categories, {count}), options_.categories));
  if (options_.continuous > 0) parts.push_back(2 * rng.uniform({count, options_.continuous}) - 1);
  return torch::cat(parts, 1).to(generator_->parameters()[0].options());
}

Tensor Infogan::prior_quantile(const Tensor& u) const {
  if (options_.categorical > 0)
    throw ConfigError("infogan.prior_quantile", "codes hold a class, which has no quantiles");
  const auto numbers = u.narrow(-1, options_.latent, options_.continuous);
  return torch::cat({Prior::prior_quantile(u.narrow(-1, 0, options_.latent)), 2 * numbers - 1}, -1);
}

Tensor Infogan::decode_mean(const Tensor& codes) {
  const EvalScope scope(*generator_);
  return generate(codes);
}

// Temperature scales the noise; codes keep their law.
Tensor Infogan::draw_samples(const SampleRequest& request, Rng& rng) {
  auto codes = sample_prior(request.count, rng);
  codes.narrow(1, 0, options_.latent).mul_(std::sqrt(request.temperature));
  if (request.given.labels.defined())
    codes.narrow(1, options_.latent, options_.categories)
        .copy_(at::one_hot(labels_of(request, options_.categories), options_.categories));
  return decode_in_parts(*this, codes);
}

Tensor Infogan::realness_logits(const Batch& batch) {
  const EvalScope scope(*trunk_);
  return log_odds(trunk_->forward(batch.x));
}

// By the running statistics of batch normalisation.
Tensor Infogan::read_alone(const Tensor& x) {
  const EvalScope trunk(*trunk_), reader(*reader_);
  return read(x);
}

Tensor Infogan::code_logits(const Batch& batch) {
  if (options_.categorical == 0)
    throw ConfigError("infogan", "no code is a class; train with --categorical 1");
  return read_alone(batch.x).narrow(1, 0, options_.categories);
}

Tensor Infogan::information(std::int64_t count, Rng& rng) {
  torch::NoGradGuard no_grad;
  std::vector<Tensor> parts;
  for (const auto& codes : sample_prior(count, rng).split(kItemsAtOnce))
    parts.push_back(information_of(read_alone(decode_mean(codes)), codes));
  return torch::cat(parts);
}

}  // namespace kiln
