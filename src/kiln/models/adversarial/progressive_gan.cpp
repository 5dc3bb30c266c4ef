#include "kiln/models/adversarial/progressive_gan.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "kiln/core/check.h"
#include "kiln/models/decode_in_parts.h"
#include "kiln/nn/adversarial/penalty.h"
#include "kiln/nn/conv_halvings.h"

namespace kiln {
namespace {

constexpr std::int64_t kLeastSide = 8, kMostSide = 1024, kMostFirst = 7;
constexpr double kSlopePenalty = 10, kDrift = 1e-3, kR1 = 10;

std::int64_t halvings(const ProgressiveGanOptions& o) { return conv_halvings(o.height, o.width); }

void check_pictures(const ProgressiveGanOptions& o) {
  if (o.channels == 0)
    throw ConfigError("progressive_gan",
                      "needs images, got a table; use images:DIR,size=32, digits or shapes");
  const auto side = o.height;
  if (side != o.width || side < kLeastSide || side > kMostSide ||
      (side >> halvings(o)) > kMostFirst)
    throw ConfigError("progressive_gan",
                      fmt::format("needs square images whose side is 4, 5, 6 or 7 doubled some "
                                  "times, as 28, 32, 48 or 64, from {} to {}, got {}x{}; read them "
                                  "with size=32, as images:DIR,size=32",
                                  kLeastSide, kMostSide, o.height, o.width));
}

const ProgressiveGanOptions& checked_together(const ProgressiveGanOptions& o) {
  checked("progressive_gan", o);
  check_pictures(o);
  const bool wasserstein = o.objective == GrowingObjective::wasserstein_gp;
  if (!wasserstein && (o.penalty || o.drift))
    throw ConfigError(o.penalty ? "progressive_gan.penalty" : "progressive_gan.drift",
                      "belongs to objective wasserstein_gp; leave it out, or set r1");
  if (wasserstein && o.r1)
    throw ConfigError("progressive_gan.r1",
                      "belongs to objective nonsaturating; leave it out, or set penalty");
  return o;
}

}  // namespace

std::vector<std::pair<GrowingObjective, std::string_view>> enum_names(GrowingObjective) {
  return {{GrowingObjective::wasserstein_gp, "wasserstein_gp"},
          {GrowingObjective::nonsaturating, "nonsaturating"}};
}

std::int64_t ProgressiveGanOptions::levels() const { return 1 + halvings(*this); }

GrowingOptions ProgressiveGanOptions::networks() const {
  return {.channels = channels,
          .first = height >> halvings(*this),
          .levels = levels(),
          .features = features,
          .latent = latent.value_or(features),
          .deviation = minibatch_deviation};
}

ProgressiveGan::ProgressiveGan(const ProgressiveGanOptions& o)
    : options_(checked_together(o)),
      objective_(AdversarialObjective::parse("progressive_gan.objective",
                                             std::string(enum_name(o.objective)))),
      generator_(register_module("generator", GrowingGenerator(o.networks()))),
      critic_(register_module("critic", GrowingCritic(o.networks()))),
      rounds_(register_buffer("rounds", torch::zeros({}, torch::kInt64))) {}

Growth ProgressiveGan::growth_at(std::int64_t round) const {
  const auto stable = options_.stable_rounds, fade = options_.fade_rounds;
  if (round < stable) return {};
  const auto last = options_.levels() - 1, level = 1 + (round - stable) / (stable + fade);
  if (level > last) return {.level = last};
  const auto into = (round - stable) % (stable + fade);
  return {.level = level,
          .alpha = into < fade ? static_cast<double>(into) / static_cast<double>(fade) : 1};
}

Growth ProgressiveGan::growth() const {
  return growth_at(std::max<std::int64_t>(0, rounds_.item<std::int64_t>() - 1));
}

std::vector<Stage> ProgressiveGan::stages() const {
  const auto last = options_.levels() - 1;
  std::vector<Stage> list;
  for (std::int64_t level = 0; level <= last; ++level) {
    const auto batches =
        std::min(options_.most_batches, std::int64_t{1} << std::min<std::int64_t>(6, last - level));
    if (level > 0)
      list.push_back({.rounds = options_.fade_rounds,
                      .batches = batches,
                      .fresh_moments = {"critic", "generator"}});
    list.push_back({.rounds = options_.stable_rounds, .batches = batches});
    if (level > 0) list.back().fresh_moments = {"critic", "generator"};
  }
  return list;
}

Tensor ProgressiveGan::generate(const Tensor& z, const Growth& growth) {
  return generator_->forward(z, growth);
}

Tensor ProgressiveGan::seen(const Tensor& x, const Growth& growth) const {
  check_shape("progressive_gan.seen", "x", x,
              {kAny, options_.channels, options_.height, options_.width});
  auto high = x;
  for (auto level = options_.levels() - 1; level > growth.level; --level) high = halved(high);
  return growth.alpha < 1 ? blended(doubled(halved(high)), high, growth.alpha) : high;
}

Tensor ProgressiveGan::critic_outputs(const Tensor& x, const Growth& growth) {
  return critic_->forward(x, growth);
}

Tensor ProgressiveGan::critic_loss(const Tensor& real, const Tensor& fake, const Growth& growth,
                                   Rng& rng) {
  const auto critic = [&](const Tensor& x) { return critic_outputs(x, growth); };
  const auto of_real = critic(real);
  auto loss = objective_.critic_loss(of_real, critic(fake));
  if (options_.objective == GrowingObjective::nonsaturating) {
    const double r1 = options_.r1.value_or(kR1);
    return r1 > 0 ? loss + r1 * r1_penalty(critic, real) : loss;
  }
  const double penalty = options_.penalty.value_or(kSlopePenalty);
  if (penalty > 0) loss = loss + penalty * gradient_penalty(critic, real, fake, rng);
  return loss + options_.drift.value_or(kDrift) * of_real.square().mean();
}

Tensor ProgressiveGan::generator_loss(const Tensor& fake, const Growth& growth) {
  return objective_.generator_loss(critic_outputs(fake, growth));
}

void ProgressiveGan::begin_round(const Batch&, Rng&) { rounds_.add_(1); }

std::int64_t ProgressiveGan::group_size() const {
  return options_.minibatch_deviation ? GrowingCriticImpl::kGroup : 1;
}

Objective ProgressiveGan::critic_turn(const Tensor& x, Rng& rng) {
  const auto at = growth();
  const auto z = sample_prior(x.size(0), rng);
  const auto fake = [&] {
    torch::NoGradGuard no_grad;
    return generate(z, at);
  }();
  return {.loss = critic_loss(seen(x, at), fake, at, rng),
          .log = {{"side", torch::scalar_tensor(
                               static_cast<double>(options_.networks().first << at.level))},
                  {"alpha", torch::scalar_tensor(at.alpha)}}};
}

Objective ProgressiveGan::generator_turn(std::int64_t items, Rng& rng) {
  const auto at = growth();
  return {.loss = generator_loss(generate(sample_prior(items, rng), at), at)};
}

std::vector<Player> ProgressiveGan::players() {
  const OptimizerOptions adam{.learning_rate = 1e-3, .beta1 = 0, .beta2 = .99, .epsilon = 1e-8};
  return {{.name = "critic",
           .parameters = trainable("critic"),
           .objective = [this](const Batch& batch, Rng& rng) { return critic_turn(batch.x, rng); },
           .optimizer = adam,
           .averaged = false},
          {.name = "generator",
           .parameters = trainable("generator"),
           .objective = [this](const Batch& batch,
                               Rng& rng) { return generator_turn(batch.x.size(0), rng); },
           .optimizer = adam}};
}

Tensor ProgressiveGan::decode_mean(const Tensor& z) {
  auto x = generate(z, growth());
  while (x.size(2) < options_.height) x = doubled(x);
  return x.clamp(-1, 1);
}

Tensor ProgressiveGan::sample_prior(std::int64_t count, Rng& rng) {
  check_positive("progressive_gan.sample_prior", "count", count);
  return rng.normal({count, options_.networks().latent}).to(parameters().front().options());
}

Tensor ProgressiveGan::realness_logits(const Batch& batch) {
  if (options_.minibatch_deviation)
    throw ConfigError("progressive_gan.realness_logits",
                      "the critic judges an item among its companions; train with "
                      "--minibatch-deviation=false");
  const auto at = growth();
  return objective_.realness(critic_outputs(seen(batch.x, at), at));
}

Tensor ProgressiveGan::draw_samples(const SampleRequest& request, Rng& rng) {
  return decode_in_parts(*this, sample_prior(request.count, rng));
}

std::vector<RecipeFor<ProgressiveGanOptions>> ProgressiveGan::recipes() {
  return {{"all data",
           always<ProgressiveGanOptions>,
           {{"features", "32"},
            {"batch", "16"},
            {"steps", "4000"},
            {"stable_rounds", "300"},
            {"fade_rounds", "300"},
            {"schedule", "linear"},
            {"hold", "0.5"},
            {"ema", "0.999"}}}};
}

}  // namespace kiln
