#include "kiln/models/latent/vae.h"

#include <cmath>

#include "kiln/core/check.h"
#include "kiln/models/request.h"
#include "kiln/prob/bernoulli.h"
#include "kiln/prob/log_mean_exp.h"

namespace kiln {
namespace {

constexpr double kLogVarLimit = 10;
constexpr std::int64_t kNumbersAtOnce = 1 << 22;  // floats per activation while averaging draws
constexpr std::int64_t kItemsAtOnce = 256;        // images decoded together while sampling

CoderOptions coder(const VaeOptions& o) {
  return {o.network, o.data_dim, o.channels, o.height,  o.width,
          o.latent,  o.hidden,   o.layers,   o.filters, o.activation};
}

const VaeOptions& checked_together(const VaeOptions& o) {
  checked("vae", o);
  check_coder("vae", coder(o));
  if (o.sigma && o.decoder == VaeDecoder::bernoulli)
    throw ConfigError("vae.sigma", "a bernoulli decoder has no deviation; use decoder gaussian");
  return o;
}

}  // namespace

std::vector<std::pair<VaeDecoder, std::string_view>> enum_names(VaeDecoder) {
  return {{VaeDecoder::bernoulli, "bernoulli"}, {VaeDecoder::gaussian, "gaussian"}};
}

std::vector<std::pair<VaeObjective, std::string_view>> enum_names(VaeObjective) {
  return {{VaeObjective::elbo, "elbo"}, {VaeObjective::iwae, "iwae"}};
}

Vae::Vae(const VaeOptions& o)
    : options_(checked_together(o)),
      encoder_(register_module("encoder", make_encoder(coder(o)))),
      encoder_mean_(register_module("encoder_mean", torch::nn::Linear(o.hidden, o.latent))),
      encoder_log_var_(register_module("encoder_log_var", torch::nn::Linear(o.hidden, o.latent))),
      decoder_(register_module("decoder", make_decoder(coder(o)))) {
  start_dense_layers(*encoder_mean_, o.activation);
  start_dense_layers(*encoder_log_var_, o.activation);
  // Grey levels scatter with a variance near e^-2; tables are taken as standardised.
  if (o.decoder == VaeDecoder::gaussian && !o.sigma)
    decoder_log_var_ =
        register_parameter("decoder_log_var", torch::full({1}, is_image() ? -2.0 : 0.0));
}

// Eq. (9), App. C.2: mean and log variance of q(z|x).
DiagNormal Vae::encode(const Tensor& x) {
  check_x("vae.encode", x);
  const auto h = encoder_->forward(options_.network == CoderNetwork::dense ? x.flatten(1) : x);
  return {encoder_mean_(h), encoder_log_var_(h).clamp(-kLogVarLimit, kLogVarLimit)};
}

// App. C.1: logits of a Bernoulli law; App. C.2: mean of a Gaussian, kept in (0, 1) for images.
Tensor Vae::decode_parameters(const Tensor& z) {
  if (z.dim() < 1 || z.size(-1) != options_.latent)
    check_shape("vae.decode_parameters", "z", z, {kAny, options_.latent});
  auto shape = z.sizes().vec();
  shape.back() = options_.data_dim;
  const auto y = decoder_->forward(z.reshape({-1, options_.latent})).view(shape);
  const bool squash = options_.decoder == VaeDecoder::gaussian && is_image();
  return squash ? torch::sigmoid(y) : y;
}

// The floor is smooth, so that a variance that reached it can grow again.
Tensor Vae::decoder_log_var() const {
  if (decoder_log_var_.defined())
    return torch::softplus(decoder_log_var_ + kLogVarLimit) - kLogVarLimit;
  return torch::full({1}, 2 * std::log(options_.sigma.value()), encoder_mean_->weight.options());
}

// log p(x|z): x as in Batch, z [..., B, J] -> [..., B].
Tensor Vae::log_likelihood(const Tensor& x, const Tensor& z) {
  const auto parameters = decode_parameters(z);
  if (options_.decoder == VaeDecoder::bernoulli)
    return bernoulli_log_prob(x.flatten(1), parameters);
  return DiagNormal{parameters, decoder_log_var()}.log_prob(x.flatten(1));
}

// Eq. (10): L(x) = E_q[log p(x|z)] - KL(q(z|x) || p(z)), one draw of z.
Vae::Terms Vae::bound_terms(const Tensor& x, const Tensor& noise) {
  const auto q = encode(x);
  const auto reconstruction = log_likelihood(x, q.at_noise(noise));
  const auto kl = q.kl_to_standard();
  return {reconstruction - kl, reconstruction, kl};
}

Vae::Terms Vae::bound_terms(const Tensor& x, Rng& rng) {
  check_x("vae.bound_terms", x);
  return bound_terms(x, normal({x.size(0), options_.latent}, rng));
}

Tensor Vae::elbo(const Batch& batch, Rng& rng) { return bound_terms(batch.x, rng).elbo; }

// arXiv:1509.00519: log w_k = log p(x|z_k) + log p(z_k) - log q(z_k|x).  noise [K, B, J] -> [K, B].
Tensor Vae::log_weights(const Tensor& x, const DiagNormal& q, const Tensor& noise) {
  const auto z = q.at_noise(noise);
  return log_likelihood(x, z) + standard_normal_log_prob(z) - q.log_prob_at_noise(noise);
}

// One call of the generator per draw, so that K draws are the same however they are split.
Tensor Vae::log_weights(const Tensor& x, const DiagNormal& q, std::int64_t draws, Rng& rng) {
  std::vector<Tensor> noise;
  for (std::int64_t k = 0; k < draws; ++k) noise.push_back(normal(q.mean.sizes(), rng));
  return log_weights(x, q, torch::stack(noise));
}

Tensor Vae::log_weights(const Tensor& x, std::int64_t draws, Rng& rng) {
  check_positive("vae.log_weights", "draws", draws);
  return log_weights(x, encode(x), draws, rng);
}

// Eq. (8) there: L_K = log (1/K) sum_k w_k.
Tensor Vae::log_prob_iwae(const Batch& batch, std::int64_t draws, Rng& rng) {
  const auto& x = batch.x;
  check_positive("vae.log_prob_iwae", "draws", draws);
  const auto q = encode(x);
  const auto most = draws_at_once(x.size(0));
  LogMeanExp bound;
  while (bound.count() < draws)
    bound.add(log_weights(x, q, std::min(most, draws - bound.count()), rng));
  return bound.value();
}

std::int64_t Vae::draws_at_once(std::int64_t batch) const {
  const auto& o = options_;
  auto widest = std::max(o.data_dim, o.hidden);
  if (o.network == CoderNetwork::conv)
    widest = std::max(widest, o.filters * o.height * o.width / 4);
  return std::max<std::int64_t>(1, kNumbersAtOnce / std::max<std::int64_t>(1, batch * widest));
}

Values Vae::values() const {
  if (options_.decoder == VaeDecoder::bernoulli) return Values::binary;
  return is_image() ? Values::unit : Values::real;
}

void Vae::start_from_data(const DataMoments& moments) {
  const auto& mean = moments.mean;
  torch::NoGradGuard no_grad;
  auto bias = decoder_->parameters().back();
  if (mean.numel() != options_.data_dim)
    check_shape("vae.start_from_data", "mean", mean, {options_.data_dim});
  // A convolution has one bias per channel.
  const auto start = mean.reshape({bias.numel(), -1}).mean(1);
  bias.copy_(values() == Values::real ? start : log_odds(start, 1e-3));
}

std::vector<Player> Vae::players() {
  return {{.name = "model",
           .parameters = trainable(),
           .objective = [this](const Batch& batch, Rng& rng) { return objective(batch, rng); }}};
}

// The encoder sees each item once; the decoder sees all K B codes as one batch.
Objective Vae::objective(const Batch& batch, Rng& rng) {
  const auto q = encode(batch.x);
  const auto noise = normal({options_.k, batch.x.size(0), options_.latent}, rng);
  if (options_.objective == VaeObjective::iwae) {
    LogMeanExp bound;
    bound.add(log_weights(batch.x, q, noise));
    return {.loss = -bound.value().mean()};
  }
  const auto reconstruction = log_likelihood(batch.x, q.at_noise(noise)).mean();
  const auto kl = q.kl_to_standard().mean();
  return {.loss = kl - reconstruction, .log = {{"reconstruction", reconstruction}, {"kl", kl}}};
}

Tensor Vae::encode_mean(const Tensor& x) { return encode(x).mean; }

Tensor Vae::decode_mean(const Tensor& z) {
  check_shape("vae.decode_mean", "z", z, {kAny, options_.latent});
  const auto parameters = decode_parameters(z);
  const auto mean =
      options_.decoder == VaeDecoder::bernoulli ? torch::sigmoid(parameters) : parameters;
  return mean.view(batch_shape(z.size(0)));
}

Tensor Vae::sample_prior(std::int64_t count, Rng& rng) {
  check_positive("vae.sample_prior", "count", count);
  return normal({count, options_.latent}, rng);
}

Tensor Vae::sample(const SampleRequest& request, Rng& rng) {
  check_unconditional("vae.sample", request);
  torch::NoGradGuard no_grad;
  const auto draw = [&](const Tensor& mean) {
    if (options_.decoder == VaeDecoder::bernoulli) return rng.bernoulli(mean);
    const auto x = DiagNormal{mean, decoder_log_var()}.rsample(rng);
    return is_image() ? x.clamp(0, 1) : x;
  };
  std::vector<Tensor> parts;
  for (const auto& z :
       sample_prior(request.count, rng).mul(request.temperature).split(kItemsAtOnce))
    parts.push_back(draw(decode_mean(z)));
  return torch::cat(parts);
}

Tensor Vae::normal(at::IntArrayRef shape, Rng& rng) const {
  return rng.normal(shape).to(encoder_mean_->weight.options());
}

std::vector<std::int64_t> Vae::batch_shape(std::int64_t batch) const {
  if (is_image()) return {batch, options_.channels, options_.height, options_.width};
  return {batch, options_.data_dim};
}

void Vae::check_x(const char* where, const Tensor& x) const {
  if (is_image())
    check_shape(where, "x", x, {kAny, options_.channels, options_.height, options_.width});
  else
    check_shape(where, "x", x, {kAny, options_.data_dim});
}

}  // namespace kiln
