#include "kiln/models/latent/vae.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kiln/core/check.h"
#include "kiln/nn/importance.h"
#include "kiln/nn/one_hot_labels.h"
#include "kiln/prob/log_mean_exp.h"

namespace kiln {
namespace {

constexpr double kLogVarLimit = 10;
constexpr std::int64_t kNumbersAtOnce = 1 << 20;  // floats per activation while averaging draws
constexpr std::int64_t kItemsAtOnce = 256;        // images decoded together while sampling

// log p(z) - log q(z|x).
Tensor log_ratio(const PosteriorDraws& draws) {
  return standard_normal_log_prob(draws.z) - draws.log_prob;
}

}  // namespace

Vae::Vae(const VaeOptions& o)
    : options_(checked_vae_options(o)),
      law_("vae", decoder_law_of(o)),
      encoder_(register_module("encoder", make_encoder(coder_of(o)))),
      encoder_mean_(register_module("encoder_mean", torch::nn::Linear(o.hidden, o.latent))),
      encoder_log_var_(register_module("encoder_log_var", torch::nn::Linear(o.hidden, o.latent))),
      decoder_(register_module("decoder", make_decoder(coder_of(o)))),
      posterior_("vae", posterior_of(o)),
      warmup_(o.kl_warmup) {
  start_dense_layers(*encoder_mean_, o.activation);
  start_dense_layers(*encoder_log_var_, o.activation);
  if (o.posterior != PosteriorKind::diagonal) register_module("posterior", posterior_);
  if (law_.learns_log_var())
    law_.set_log_var(register_parameter("decoder_log_var", law_.first_log_var()));
  if (warmup_.is_on()) register_buffer("round", warmup_.count());
}

// Eq. (9), App. C.2: q(z|x) from what the encoder says of x.
PosteriorLaw Vae::encode(const Batch& batch) {
  check_x("vae.encode", batch.x);
  const auto label = is_conditional() ? one_hot(batch.y, batch.x.size(0)) : Tensor();
  const auto h = encoder_->forward(encoder_input(coder_of(options_), batch.x, label));
  const DiagNormal base{encoder_mean_(h), encoder_log_var_(h).clamp(-kLogVarLimit, kLogVarLimit)};
  return posterior_->law(base, h);
}

// App. C.1, C.2: what the decoder says of x.
Tensor Vae::decode_parameters(const Tensor& codes) {
  if (codes.dim() < 1 || codes.size(-1) != code_size())
    check_shape("vae.decode_parameters", "z", codes, {kAny, code_size()});
  auto shape = codes.sizes().vec();
  shape.back() = -1;
  return decoder_->forward(codes.reshape({-1, code_size()})).view(shape);
}

// log p(x|z): x as in Batch, z [..., B, J] -> [..., B].
Tensor Vae::log_likelihood(const Batch& batch, const Tensor& z) {
  return law_.log_prob(batch.x, decode_parameters(with_class(z, batch.y)));
}

// Eq. (10): L(x) = E_q[log p(x|z)] - KL(q(z|x) || p(z)), one draw of z.
Vae::Terms Vae::bound_terms(const Batch& batch, const Tensor& noise) {
  const auto q = encode(batch);
  const auto draws = posterior_->at_noise(q, noise);
  const auto reconstruction = log_likelihood(batch, draws.z),
             divergence = posterior_->kl_to_standard(q, draws);
  return {reconstruction - divergence, reconstruction, divergence};
}

Vae::Terms Vae::bound_terms(const Batch& batch, Rng& rng) {
  check_x("vae.bound_terms", batch.x);
  return bound_terms(batch, normal({batch.x.size(0), options_.latent}, rng));
}

Tensor Vae::elbo(const Batch& batch, Rng& rng) { return bound_terms(batch, rng).elbo; }

double Vae::kl_weight() const { return options_.beta * warmup_.weight(); }

void Vae::begin_round(const Batch&, Rng&) { warmup_.begin_round(); }

std::vector<Player> Vae::players() {
  return {{.name = "model",
           .parameters = trainable(),
           .objective = [this](const Batch& batch, Rng& rng) { return objective(batch, rng); }}};
}

struct Vae::DrawnTerms {
  PosteriorDraws draws;   // of z, [K, B, J]
  Tensor log_likelihood;  // log p(x|z), [K, B]

  // arXiv:1509.00519: log w_k = log p(x|z_k) + log p(z_k) - log q(z_k|x), the ratio to a power.
  Tensor log_weights(double power) const { return log_likelihood + power * log_ratio(draws); }
};

Vae::DrawnTerms Vae::drawn_terms(const Batch& batch, const PosteriorLaw& q, const Tensor& noise) {
  auto draws = posterior_->at_noise(q, noise);
  auto log_likelihoods = log_likelihood(batch, draws.z);
  return {std::move(draws), std::move(log_likelihoods)};
}

bool Vae::few_carry_the_gradient() const {
  return options_.gradient_draws.value_or(options_.k) < options_.k;
}

// The encoder sees each item once; the decoder sees all K B codes as one batch.
Objective Vae::objective(const Batch& batch, Rng& rng) {
  const auto q = encode(batch);
  const auto noise = normal({options_.k, batch.x.size(0), options_.latent}, rng);
  const auto terms = [&] {
    torch::AutoGradMode track(torch::GradMode::is_enabled() && !few_carry_the_gradient());
    return drawn_terms(batch, q, noise);
  }();
  const auto reconstruction = terms.log_likelihood.mean();
  const auto divergence = posterior_->kl_to_standard(q, terms.draws).mean();
  const auto weight = kl_weight();
  Objective objective{.loss = {}, .log = {{"reconstruction", reconstruction}, {"kl", divergence}}};
  if (options_.objective == VaeObjective::iwae) {
    objective.loss = importance_loss(batch, q, noise, rng, terms);
  } else if (options_.free_bits > 0) {
    // arXiv:1606.04934, eq. (15): sum_j max(free bits, mean over the batch of KL_j).
    const auto each = q.base.kl_to_standard_each().mean(0);
    objective.loss = weight * each.clamp_min(options_.free_bits).sum() - reconstruction;
  } else {
    objective.loss = weight * divergence - reconstruction;
  }
  if (warmup_.is_on()) objective.log.emplace_back("kl_weight", torch::scalar_tensor(weight));
  return objective;
}

// -L_K. Its gradient is -sum_k w~_k grad log w_k with the normalised weights w~; section 3 of the
// paper: draws chosen with these probabilities give it on average, and only they need a backward
// pass.
Tensor Vae::importance_loss(const Batch& batch, const PosteriorLaw& q, const Tensor& noise,
                            Rng& rng, const DrawnTerms& all) {
  const auto log_weights = all.log_weights(kl_weight());
  LogMeanExp bound;
  bound.add(log_weights);
  const auto loss = -bound.value().mean();
  if (!few_carry_the_gradient()) return loss;
  const auto chosen = systematic_resampling(
      torch::softmax(log_weights, 0), *options_.gradient_draws, rng.uniform({batch.x.size(0)}));
  const auto few = noise.take_along_dim(chosen.unsqueeze(-1), 0);
  const auto slope = -drawn_terms(batch, q, few).log_weights(kl_weight()).mean();
  return loss + slope - slope.detach();
}

Tensor Vae::log_weights(const Batch& batch, const PosteriorLaw& q, std::int64_t draws, Rng& rng) {
  const auto noise = noise_of_draws(draws, q.base.mean.sizes(), rng);
  return drawn_terms(batch, q, noise.to(q.base.mean.options())).log_weights(1);
}

Tensor Vae::log_weights(const Batch& batch, std::int64_t draws, Rng& rng) {
  check_positive("vae.log_weights", "draws", draws);
  return log_weights(batch, encode(batch), draws, rng);
}

// Eq. (8) there: L_K = log (1/K) sum_k w_k.
Tensor Vae::log_prob_iwae(const Batch& batch, std::int64_t draws, Rng& rng) {
  check_positive("vae.log_prob_iwae", "draws", draws);
  const auto q = encode(batch);
  return importance_bound(draws, draws_at_once(kNumbersAtOnce, batch.x.size(0), widest_layer()),
                          [&](std::int64_t count) { return log_weights(batch, q, count, rng); });
}

std::int64_t Vae::widest_layer() const {
  const auto& o = options_;
  auto widest = std::max({o.data_dim * law_.parameters_per_number(), o.hidden, o.latent});
  if (o.network == CoderNetwork::conv)
    widest = std::max(widest, o.filters * o.height * o.width / 4);
  return widest;
}

void Vae::start_from_data(const DataMoments& moments) {
  if (moments.mean.numel() != options_.data_dim)
    check_shape("vae.start_from_data", "mean", moments.mean, {options_.data_dim});
  torch::NoGradGuard no_grad;
  auto bias = decoder_->parameters().back();
  const auto numbers = bias.numel() / law_.parameters_per_number();  // conv: one per channel
  const auto each = [&](const Tensor& moment) {
    return moment.defined() ? moment.reshape({numbers, -1}).mean(1) : moment;
  };
  bias.copy_(law_.start(each(moments.mean), each(moments.deviation)));
}

Tensor Vae::encode_mean(const Batch& batch) {
  return codes_at(
      batch.x, torch::zeros({batch.x.size(0), options_.latent}, encoder_mean_->weight.options()));
}

Tensor Vae::encode_draw(const Batch& batch, Rng& rng) {
  return codes_at(batch.x, normal({batch.x.size(0), options_.latent}, rng));
}

// z at a noise; of a conditional model with the class whose bound at that noise is the largest.
Tensor Vae::codes_at(const Tensor& x, const Tensor& noise) {
  check_x("vae.encode", x);
  const auto items = x.size(0);
  if (!is_conditional()) return posterior_->at_noise(encode({x, {}}), noise).z;
  std::vector<Tensor> codes, bounds;
  for (std::int64_t c = 0; c < classes(); ++c) {
    const Batch batch{
        x, torch::full({items}, c, torch::TensorOptions(x.device()).dtype(torch::kInt64))};
    codes.push_back(with_class(posterior_->at_noise(encode(batch), noise).z, batch.y));
    bounds.push_back(bound_terms(batch, noise).elbo);
  }
  const auto best = torch::stack(bounds).argmax(0).view({1, items, 1});
  return torch::stack(codes).take_along_dim(best, 0).squeeze(0);
}

Tensor Vae::decode_mean(const Tensor& codes) {
  check_shape("vae.decode_mean", "z", codes, {kAny, code_size()});
  return shape().shaped(law_.mean(decode_parameters(codes)));
}

Tensor Vae::sample_prior(std::int64_t count, Rng& rng) {
  check_positive("vae.sample_prior", "count", count);
  const auto z = normal({count, options_.latent}, rng);
  return is_conditional() ? with_class(z, labels_of({.count = count}, classes())) : z;
}

Tensor Vae::prior_quantile(const Tensor& u) const {
  if (is_conditional())
    throw ConfigError("vae.prior_quantile", "codes end with a class, which has no quantiles");
  return Prior::prior_quantile(u);
}

Tensor Vae::draw_samples(const SampleRequest& request, Rng& rng) {
  const auto labels = is_conditional() ? labels_of(request, classes()) : Tensor();
  const auto z = normal({request.count, options_.latent}, rng).mul(std::sqrt(request.temperature));
  return draw_given(z, labels, rng);
}

Tensor Vae::draw_given(const Tensor& z, const Tensor& labels, Rng& rng) {
  torch::NoGradGuard no_grad;
  std::vector<Tensor> parts;
  for (const auto& codes : with_class(z, labels).split(kItemsAtOnce))
    parts.push_back(law_.draw(decode_parameters(codes), rng));
  return shape().shaped(torch::cat(parts));
}

Tensor Vae::normal(at::IntArrayRef shape, Rng& rng) const {
  return rng.normal(shape).to(encoder_mean_->weight.options());
}

// z [..., B, J] and the labels [B] -> [..., B, J + C].
Tensor Vae::with_class(const Tensor& z, const Tensor& labels) const {
  if (!is_conditional()) return z;
  auto shape = z.sizes().vec();
  shape.back() = classes();
  return torch::cat({z, one_hot(labels, z.size(-2)).expand(shape)}, -1);
}

Tensor Vae::one_hot(const Tensor& labels, std::int64_t items) const {
  return one_hot_labels("vae", labels, items, classes()).to(encoder_mean_->weight.options());
}

ItemShape Vae::shape() const {
  return {options_.data_dim, options_.channels, options_.height, options_.width};
}

void Vae::check_x(const char* where, const Tensor& x) const {
  if (options_.channels > 0)
    check_shape(where, "x", x, {kAny, options_.channels, options_.height, options_.width});
  else
    check_shape(where, "x", x, {kAny, options_.data_dim});
}

}  // namespace kiln
