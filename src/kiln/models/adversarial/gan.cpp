#include "kiln/models/adversarial/gan.h"

#include <fmt/format.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/linear.h>

#include <cmath>

#include "kiln/core/check.h"
#include "kiln/models/decode_in_parts.h"
#include "kiln/models/request.h"
#include "kiln/nn/adversarial/penalty.h"

namespace kiln {
namespace {

using Kind = AdversarialObjective::Kind;
constexpr double kBeta1 = .5, kBeta2 = .999;
constexpr double kSlope = .2;
constexpr double kClip = .01, kPenalty = 10;

const GanOptions& checked_together(const GanOptions& o) {
  checked("gan", o);
  const bool clips = o.objective == "wasserstein", penalised = o.objective == "wasserstein_gp";
  const auto refuse = [](bool wrong, const char* field, const char* message) {
    if (wrong) throw ConfigError(fmt::format("gan.{}", field), message);
  };
  refuse(o.unroll > 0 && (clips || penalised), "unroll",
         "steps ahead know neither clipping nor the penalty; use another objective");
  refuse(o.clip_weights && !clips, "clip_weights", "only --objective wasserstein clips weights");
  refuse(o.penalty && !penalised, "penalty", "belongs to --objective wasserstein_gp; or use --r1");
  refuse(clips && o.spectral_norm, "spectral_norm", "undoes the clipping; use another objective");
  refuse(o.unroll == 0 && (o.unroll_rule || o.unroll_first_order), "unroll",
         "there are no steps ahead; set --unroll");
  return o;
}

torch::nn::Sequential make_generator(const GanOptions& o) {
  torch::nn::Sequential net;
  for (std::int64_t i = 0; i <= o.layers; ++i) {
    const auto in = i == 0 ? o.latent : o.hidden, out = i == o.layers ? o.data_dim : o.hidden;
    torch::nn::Linear layer(in, out);
    torch::nn::init::orthogonal_(layer->weight, i == o.layers ? 1 : std::sqrt(2.));
    torch::NoGradGuard no_grad;
    layer->bias.zero_();
    net->push_back(layer);
    if (i < o.layers) net->push_back(torch::nn::ReLU());
  }
  if (o.channels > 0) net->push_back(torch::nn::Tanh());
  return net;
}

DenseCriticOptions critic_of(const GanOptions& o) {
  return {.inputs = o.data_dim * o.pack,
          .hidden = o.critic_hidden.value_or(o.hidden),
          .layers = o.layers,
          .slope = kSlope,
          .spectral_norm = o.spectral_norm};
}

}  // namespace

Gan::Gan(const GanOptions& o)
    : options_(checked_together(o)),
      objective_(AdversarialObjective::parse("gan.objective", o.objective)),
      generator_(register_module("generator", make_generator(o))),
      critic_(register_module("critic", std::make_shared<DenseCritic>(critic_of(o)))) {
  if (o.unroll == 0 || o.unroll_rule == InnerRule::sgd) return;
  for (const auto& entry : critic_->named_parameters()) {
    first_.push_back(
        register_buffer("ahead_first_" + entry.key(), torch::zeros_like(entry.value().detach())));
    second_.push_back(
        register_buffer("ahead_second_" + entry.key(), torch::zeros_like(entry.value().detach())));
  }
  moments_held_ = register_buffer("ahead_held", torch::zeros({}, torch::kInt64));
}

Values Gan::values() const { return options_.channels > 0 ? Values::signed_unit : Values::real; }

Tensor Gan::generate(const Tensor& z) {
  check_shape("gan.generate", "z", z, {kAny, options_.latent});
  const auto x = generator_->forward(z);
  if (options_.channels == 0) return x;
  return x.view({-1, options_.channels, options_.height, options_.width});
}

// PacGAN: m items side by side.
Tensor Gan::packed(const Tensor& x) const {
  if (x.size(0) % options_.pack != 0)
    throw ShapeError("gan.pack",
                     fmt::format("{} items are no multiple of pack = {}; set --batch to "
                                 "a multiple of {}",
                                 x.size(0), options_.pack, options_.pack));
  return x.reshape({x.size(0) / options_.pack, options_.pack * options_.data_dim});
}

Tensor Gan::critic_outputs(const Tensor& x) { return critic_->forward(packed(x)); }

Tensor Gan::critic_loss(const Tensor& real, const Tensor& fake, Rng& rng) {
  auto loss = objective_.critic_loss(critic_outputs(real), critic_outputs(fake));
  const auto critic = [this](const Tensor& x) { return critic_->forward(x); };
  const double weight = options_.penalty.value_or(kPenalty);
  if (objective_.kind() == Kind::wasserstein_gp && weight > 0)
    loss = loss + weight * gradient_penalty(critic, packed(real), packed(fake), rng);
  if (options_.r1 > 0) loss = loss + options_.r1 * r1_penalty(critic, packed(real));
  return loss;
}

// theta^K on this round's batches.  With Adam the moments are those of the critic's gradients at
// the generator's earlier turns.
std::vector<Tensor> Gan::critic_ahead(const Tensor& real, const Tensor& fake) {
  const auto loss = [&](const std::vector<Tensor>& theta) {
    return objective_.critic_loss(critic_->apply(theta, packed(real)),
                                  critic_->apply(theta, packed(fake)));
  };
  const UnrollOptions options{.steps = options_.unroll,
                              .rule = options_.unroll_rule.value_or(InnerRule::adam),
                              .learning_rate = options_.critic_rate,
                              .beta1 = kBeta1,
                              .beta2 = kBeta2,
                              .second_order = !options_.unroll_first_order};
  if (first_.empty()) return unrolled(critic_->parameters(), loss, options);
  const InnerMoments moments{first_, second_, moments_held_.item<std::int64_t>()};
  std::vector<Tensor> slopes;
  auto ahead = unrolled(critic_->parameters(), loss, options, moments, &slopes);
  if (is_training()) keep_moments(slopes);
  return ahead;
}

void Gan::keep_moments(const std::vector<Tensor>& slopes) {
  torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < slopes.size(); ++i) {
    first_[i].mul_(kBeta1).add_(slopes[i], 1 - kBeta1);
    second_[i].mul_(kBeta2).addcmul_(slopes[i], slopes[i], 1 - kBeta2);
  }
  moments_held_.add_(1);
}

// arXiv:1701.07875, algorithm 1: before every turn, so that no one sees larger weights.
void Gan::clip_weights() {
  if (objective_.kind() != Kind::wasserstein) return;
  torch::NoGradGuard no_grad;
  const double most = options_.clip_weights.value_or(kClip);
  for (auto& weight : critic_->parameters()) weight.clamp_(-most, most);
}

Tensor Gan::generator_loss(const Tensor& real, const Tensor& fake) {
  if (options_.unroll == 0) return objective_.generator_loss(critic_outputs(fake));
  return objective_.generator_loss(critic_->apply(critic_ahead(real, fake), packed(fake)));
}

void Gan::begin_round(const Batch& batch, Rng& rng) {
  fake_ = generate(sample_prior(batch.x.size(0), rng));
}

Objective Gan::critic_turn(const Tensor& real, Rng& rng) {
  KILN_ASSERT(fake_.defined());
  clip_weights();
  if (options_.spectral_norm) critic_->power_step();
  return {.loss = critic_loss(real, fake_.detach(), rng)};
}

Objective Gan::generator_turn(const Tensor& real) {
  KILN_ASSERT(fake_.defined());
  clip_weights();
  return {.loss = generator_loss(real, fake_)};
}

std::vector<Player> Gan::players() {
  const auto adam = [this](double rate) {
    return OptimizerOptions{.learning_rate = rate,
                            .beta1 = objective_.needs_lipschitz() ? 0 : kBeta1,
                            .beta2 = objective_.needs_lipschitz() ? .9 : kBeta2};
  };
  const auto turns = options_.critic_steps.value_or(objective_.needs_lipschitz() ? 5 : 1);
  return {{.name = "critic",
           .parameters = trainable("critic"),
           .objective = [this](const Batch& batch, Rng& rng) { return critic_turn(batch.x, rng); },
           .turns = static_cast<int>(turns),
           .optimizer = adam(options_.critic_rate)},
          {.name = "generator",
           .parameters = trainable("generator"),
           .objective = [this](const Batch& batch, Rng&) { return generator_turn(batch.x); },
           .optimizer = adam(options_.generator_rate)}};
}

Tensor Gan::sample_prior(std::int64_t count, Rng& rng) {
  check_positive("gan.sample_prior", "count", count);
  return rng.normal({count, options_.latent}).to(parameters().front().options());
}

Tensor Gan::realness_logits(const Tensor& x) {
  if (options_.pack > 1)
    throw ConfigError("gan.realness_logits",
                      "the critic judges packs of items, not one item; train "
                      "with --pack 1");
  return objective_.realness(critic_outputs(x));
}

Tensor Gan::sample(const SampleRequest& request, Rng& rng) {
  check_unconditional("gan.sample", request);
  torch::NoGradGuard no_grad;
  return decode_in_parts(*this, request.temperature * sample_prior(request.count, rng));
}

}  // namespace kiln
