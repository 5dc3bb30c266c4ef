#include "kiln/models/latent/wae.h"

#include <cmath>

#include "kiln/core/check.h"
#include "kiln/models/decode_in_parts.h"
#include "kiln/nn/code_critic.h"
#include "kiln/prob/mmd.h"

namespace kiln {
namespace {

constexpr std::int64_t kCriticLayers = 4, kCriticHidden = 512;  // the paper's

const WaeOptions& checked_together(const WaeOptions& o) {
  checked("wae", o);
  if (o.critic_hidden && o.penalty == WaePenalty::mmd)
    throw ConfigError("wae.critic_hidden", "the mmd penalty has no critic; use penalty gan");
  return o;
}

}  // namespace

std::vector<std::pair<WaePenalty, std::string_view>> enum_names(WaePenalty) {
  return {{WaePenalty::mmd, "mmd"}, {WaePenalty::gan, "gan"}};
}

Wae::Wae(const WaeOptions& o)
    : options_(checked_together(o)),
      network_(register_module("network",
                               std::make_shared<CodeNetwork>(
                                   "wae", CodeNetworkOptions{coder_of(o, o.latent), o.latent}))) {
  if (o.penalty == WaePenalty::gan)
    critic_ = register_module(
        "critic",
        make_code_critic(o.latent, o.critic_hidden.value_or(kCriticHidden), kCriticLayers));
}

// Algorithm 2, with k(a, b) = sum_s s C / (s C + |a - b|^2) and C = 2 J sigma^2.
Tensor Wae::mmd2(const Tensor& codes, const Tensor& prior) const {
  const double c =
      2 * static_cast<double>(options_.latent) * options_.prior_scale * options_.prior_scale;
  return mmd2_unbiased(imq_kernel(c), prior, codes);
}

Tensor Wae::critic_logits(const Tensor& z) {
  KILN_ASSERT(critic_);
  return critic_->forward(z);
}

void Wae::start_from_data(const DataMoments& moments) { network_->start_from_mean(moments.mean); }

void Wae::begin_round(const Batch& batch, Rng&) {
  if (options_.penalty == WaePenalty::mmd && batch.x.size(0) < 2)
    throw ConfigError("wae", "the mmd penalty compares items of a batch; use --batch 2 or more");
  codes_ = encode(batch.x);
}

// Eq. (4): the cost and lambda times the penalty; algorithm 1's is -log D(f(x)).
Objective Wae::model_turn(const Tensor& x, Rng& rng) {
  KILN_ASSERT(codes_.defined());
  const auto error = cost(x, codes_).mean();
  const bool mmd = options_.penalty == WaePenalty::mmd;
  const auto penalty =
      mmd ? mmd2(codes_, sample_prior(x.size(0), rng)) : non_saturating_loss(critic_logits(codes_));
  return {.loss = error + options_.lambda * penalty,
          .log = {{"cost", error}, {mmd ? "mmd2" : "penalty", penalty}}};
}

// Algorithm 1: -log D(z) - log(1 - D(f(x))), z from the prior.
Objective Wae::critic_turn(Rng& rng) {
  KILN_ASSERT(codes_.defined());
  const auto codes = codes_.detach();
  return {.loss = critic_log_loss(critic_logits(sample_prior(codes.size(0), rng)),
                                  critic_logits(codes))};
}

// The paper's rates: 1e-3 with mmd; 3e-4 and 1e-3 for the critic with gan.
std::vector<Player> Wae::players() {
  const bool mmd = options_.penalty == WaePenalty::mmd;
  std::vector<Player> list{
      {.name = "model",
       .parameters = trainable("network"),
       .objective = [this](const Batch& batch, Rng& rng) { return model_turn(batch.x, rng); },
       .optimizer = {.learning_rate = mmd ? 1e-3 : 3e-4, .beta1 = .5}}};
  if (!mmd)
    list.push_back({.name = "critic",
                    .parameters = trainable("critic"),
                    .objective = [this](const Batch&, Rng& rng) { return critic_turn(rng); },
                    .optimizer = {.learning_rate = 1e-3, .beta1 = .5}});
  return list;
}

Tensor Wae::sample_prior(std::int64_t count, Rng& rng) {
  check_positive("wae.sample_prior", "count", count);
  const auto z = rng.normal({count, options_.latent}).to(parameters().front().options());
  return options_.prior_scale * z;
}

Tensor Wae::prior_quantile(const Tensor& u) const {
  return options_.prior_scale * Prior::prior_quantile(u);
}

Tensor Wae::draw_samples(const SampleRequest& request, Rng& rng) {
  return decode_in_parts(*this, std::sqrt(request.temperature) * sample_prior(request.count, rng));
}

std::vector<RecipeFor<WaeOptions>> Wae::recipes() {
  return {{"all data",
           always<WaeOptions>,
           {{"epochs", "50"}, {"least_steps", "5000"}, {"schedule", "linear"}, {"ema", "0.999"}}}};
}

}  // namespace kiln
