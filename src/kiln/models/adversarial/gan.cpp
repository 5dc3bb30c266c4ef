#include "kiln/models/adversarial/gan.h"

#include <fmt/format.h>
#include <torch/nn/modules/container/modulelist.h>

#include <algorithm>
#include <cmath>

#include "kiln/core/check.h"
#include "kiln/models/decode_in_parts.h"
#include "kiln/nn/adversarial/conv_critic.h"
#include "kiln/nn/adversarial/dense_critic.h"
#include "kiln/nn/adversarial/dense_unroll.h"
#include "kiln/nn/adversarial/penalty.h"
#include "kiln/nn/eval_scope.h"

namespace kiln {
namespace {

using Kind = AdversarialObjective::Kind;
constexpr double kBeta1 = .5, kBeta2 = .999;
constexpr double kClip = .01, kPenalty = 10;
constexpr std::int64_t kHidden = 128, kLayers = 2, kFilters = 32;

std::int64_t classes_of(const GanOptions& o) {
  return o.condition == Condition::label ? o.classes : 0;
}

torch::nn::Sequential make_generator(const GanOptions& o) {
  const auto inputs = o.latent + classes_of(o);
  if (o.network == GanNetwork::dense)
    return make_dense_generator({.inputs = inputs,
                                 .hidden = o.hidden.value_or(kHidden),
                                 .layers = o.layers.value_or(kLayers),
                                 .outputs = o.data_dim,
                                 .images = o.channels > 0});
  auto net = make_conv_generator({.inputs = inputs,
                                  .channels = o.channels,
                                  .side = o.height,
                                  .filters = o.filters.value_or(kFilters)});
  start_dcgan_weights(*net);
  return net;
}

std::shared_ptr<CriticNetwork> make_critic(const GanOptions& o) {
  const CriticSettings settings{.spectral_norm = o.spectral_norm,
                                .classes = classes_of(o) * o.pack,
                                .label = o.critic_label.value_or(CriticLabel::concatenation),
                                .minibatch_deviation = o.minibatch_deviation};
  if (o.network == GanNetwork::conv)
    return std::make_shared<ConvCritic>(ConvCriticOptions{.channels = o.channels * o.pack,
                                                          .side = o.height,
                                                          .filters = o.filters.value_or(kFilters),
                                                          .settings = settings});
  return std::make_shared<DenseCritic>(
      DenseCriticOptions{.inputs = o.data_dim * o.pack,
                         .hidden = o.critic_hidden.value_or(o.hidden.value_or(kHidden)),
                         .layers = o.layers.value_or(kLayers),
                         .settings = settings});
}

double rate(const GanOptions& o, const std::optional<double>& asked) {
  return asked.value_or(o.network == GanNetwork::dense ? 1e-3 : 2e-4);
}

}  // namespace

Gan::Gan(const GanOptions& o)
    : options_(checked_gan_options(o)),
      objective_(AdversarialObjective::parse("gan.objective", o.objective)),
      augmentation_(Augmentation::parse("gan.augment", o.augment)),
      generator_(register_module("generator", make_generator(o))) {
  for (std::int64_t i = 0; i < o.discriminators; ++i) critics_.push_back(make_critic(o));
  if (critics_.size() == 1) {
    register_module("critic", critics_[0]);
  } else {
    const auto list = register_module("critics", torch::nn::ModuleList());
    for (const auto& critic : critics_) list->push_back(critic);
  }
  if (o.unroll == 0 || o.unroll_rule == InnerRule::sgd) return;
  for (const auto& entry : critics_[0]->named_parameters()) {
    auto name = entry.key();
    std::replace(name.begin(), name.end(), '.', '_');  // a buffer's own name has no dots
    const auto zeros = torch::zeros_like(entry.value().detach());
    first_.push_back(register_buffer("ahead_first_" + name, zeros));
    second_.push_back(register_buffer("ahead_second_" + name, zeros.clone()));
  }
  moments_held_ = register_buffer("ahead_held", torch::zeros({}, torch::kInt64));
}

Values Gan::values() const { return options_.channels > 0 ? Values::signed_unit : Values::real; }

std::vector<std::string> Gan::training_buffers() const {
  std::vector<std::string> names;
  for (const auto& entry : named_buffers(/*recurse=*/false))
    if (entry.key().starts_with("ahead_")) names.push_back(entry.key());
  return names;
}

std::int64_t Gan::group_size() const {
  return options_.pack * (options_.minibatch_deviation ? CriticNetwork::kGroup : 1);
}

std::int64_t Gan::code_size() const { return options_.latent + classes_of(options_); }

Tensor Gan::generate(const Tensor& codes) {
  check_shape("gan.generate", "z", codes, {kAny, code_size()});
  if (options_.network == GanNetwork::conv)
    return generator_->forward(codes.view({-1, code_size(), 1, 1}));
  const auto x = generator_->forward(codes);
  if (options_.channels == 0) return x;
  return x.view({-1, options_.channels, options_.height, options_.width});
}

Tensor Gan::one_hot(const Tensor& y, std::int64_t items) const {
  return one_hot_labels("gan", y, items, options_.classes)
      .to(generator_->parameters()[0].options());
}

Tensor Gan::codes(std::int64_t count, const Tensor& y, Rng& rng) {
  const auto z = rng.normal({count, options_.latent}).to(generator_->parameters()[0].options());
  return is_conditional() ? torch::cat({z, one_hot(y, count)}, 1) : z;
}

// PacGAN: m items side by side, images as channels.
Tensor Gan::packed(const Tensor& x) const {
  if (x.size(0) % options_.pack != 0)
    throw ShapeError("gan.pack",
                     fmt::format("{} items are no multiple of pack = {}; set --batch to "
                                 "a multiple of {}",
                                 x.size(0), options_.pack, options_.pack));
  const auto packs = x.size(0) / options_.pack;
  if (options_.network == GanNetwork::dense)
    return x.reshape({packs, options_.pack * options_.data_dim});
  return x.reshape({packs, options_.pack * options_.channels, options_.height, options_.width});
}

Tensor Gan::packed_labels(const Batch& batch) const {
  if (!is_conditional()) return {};
  return one_hot(batch.y, batch.x.size(0)).view({-1, options_.pack * options_.classes});
}

Tensor Gan::critic_outputs(const Batch& batch, std::size_t i) {
  return critics_.at(i)->forward(packed(batch.x), packed_labels(batch));
}

// The fakes have the classes of the batch.
Tensor Gan::loss_of(CriticNetwork& network, const Batch& real, const Tensor& fake, Rng& rng) {
  const auto y = packed_labels(real), p = packed(real.x), q = packed(fake);
  const auto critic = [&](const Tensor& x) { return network.forward(x, y); };
  auto loss = objective_.critic_loss(critic(p), critic(q));
  const double weight = options_.penalty.value_or(kPenalty);
  if (objective_.kind() == Kind::wasserstein_gp && weight > 0)
    loss = loss + weight * gradient_penalty(critic, p, q, rng);
  if (options_.r1 > 0) loss = loss + options_.r1 * r1_penalty(critic, p);
  return loss;
}

Tensor Gan::critic_loss(const Batch& real, const Tensor& fake, Rng& rng) {
  auto loss = loss_of(*critics_[0], real, fake, rng);
  for (std::size_t i = 1; i < critics_.size(); ++i)
    loss = loss + loss_of(*critics_[i], real, fake, rng);
  return loss;
}

// f_K on this round's batches.  With Adam the moments are those of the critic's gradients at the
// generator's earlier turns.
Tensor Gan::loss_ahead(const Batch& real, const Tensor& fake) {
  const UnrollOptions options{.steps = options_.unroll,
                              .rule = options_.unroll_rule.value_or(InnerRule::adam),
                              .learning_rate = rate(options_, options_.critic_rate),
                              .beta1 = kBeta1,
                              .beta2 = kBeta2,
                              .second_order = !options_.unroll_first_order};
  InnerMoments moments;
  if (!first_.empty()) moments = {first_, second_, moments_held_.item<std::int64_t>()};
  const auto ahead = unrolled_loss(
      *critics_[0], objective_,
      {.real = packed(real.x), .fake = packed(fake), .y = packed_labels(real)}, options, moments);
  if (is_training() && !first_.empty()) keep_moments(ahead.first_gradient);
  return ahead.loss;
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
  for (const auto& critic : critics_)
    for (auto& weight : critic->parameters()) weight.clamp_(-most, most);
}

Tensor Gan::generator_loss(const Batch& real, const Tensor& fake) {
  if (options_.unroll > 0) return loss_ahead(real, fake);
  const auto y = packed_labels(real), q = packed(fake);
  std::vector<Tensor> losses;
  for (const auto& critic : critics_)
    losses.push_back(objective_.generator_loss(critic->forward(q, y)));
  if (losses.size() == 1) return losses[0];
  return mixed_loss(torch::stack(losses), options_.mix.value_or(CriticMix::mean),
                    options_.mix_sharpness.value_or(1));
}

void Gan::begin_round(const Batch& batch, Rng& rng) {
  fake_ = generate(codes(batch.x.size(0), batch.y, rng));
}

Batch Gan::augmented(const Batch& batch, Rng& rng) const {
  return {augmentation_(batch.x, rng), batch.y};
}

Objective Gan::critic_turn(const Batch& real, Rng& rng) {
  KILN_ASSERT(fake_.defined());
  clip_weights();
  if (options_.spectral_norm)
    for (const auto& critic : critics_) critic->power_step();
  const auto seen = augmented(real, rng);
  return {.loss = critic_loss(seen, augmentation_(fake_.detach(), rng), rng)};
}

Objective Gan::generator_turn(const Batch& real, Rng& rng) {
  KILN_ASSERT(fake_.defined());
  clip_weights();
  const auto seen = options_.unroll > 0 ? augmented(real, rng) : real;
  return {.loss = generator_loss(seen, augmentation_(fake_, rng))};
}

std::vector<Player> Gan::players() {
  const auto adam = [this](const std::optional<double>& asked) {
    return OptimizerOptions{.learning_rate = rate(options_, asked),
                            .beta1 = objective_.needs_lipschitz() ? 0 : kBeta1,
                            .beta2 = objective_.needs_lipschitz() ? .9 : kBeta2};
  };
  const auto turns = options_.critic_steps.value_or(objective_.needs_lipschitz() ? 5 : 1);
  return {{.name = "critic",
           .parameters = trainable(critics_.size() == 1 ? "critic" : "critics"),
           .objective = [this](const Batch& batch, Rng& rng) { return critic_turn(batch, rng); },
           .turns = static_cast<int>(turns),
           .optimizer = adam(options_.critic_rate)},
          {.name = "generator",
           .parameters = trainable("generator"),
           .objective = [this](const Batch& batch, Rng& rng) { return generator_turn(batch, rng); },
           .optimizer = adam(options_.generator_rate)}};
}

Tensor Gan::sample_prior(std::int64_t count, Rng& rng) {
  check_positive("gan.sample_prior", "count", count);
  return codes(count, is_conditional() ? labels_of({.count = count}, options_.classes) : Tensor(),
               rng);
}

Tensor Gan::prior_quantile(const Tensor& u) const {
  if (is_conditional())
    throw ConfigError("gan.prior_quantile", "codes end with a class, which has no quantiles");
  return Prior::prior_quantile(u);
}

Tensor Gan::decode_mean(const Tensor& codes) {
  const EvalScope scope(*generator_);
  return generate(codes);
}

Tensor Gan::realness_logits(const Batch& batch) {
  const auto no_single = [](const char* why, const char* remedy) {
    throw ConfigError("gan.realness_logits", fmt::format("the critic judges {}; {}", why, remedy));
  };
  if (options_.pack > 1) no_single("packs of items, not one item", "train with --pack 1");
  if (options_.minibatch_deviation)
    no_single("an item among its companions", "train without --minibatch-deviation");
  auto sum = objective_.realness(critic_outputs(batch));
  for (std::size_t i = 1; i < critics_.size(); ++i)
    sum = sum + objective_.realness(critic_outputs(batch, i));
  return sum / static_cast<double>(critics_.size());
}

Tensor Gan::draw_samples(const SampleRequest& request, Rng& rng) {
  const auto y = is_conditional() ? labels_of(request, options_.classes) : Tensor();
  auto code = codes(request.count, y, rng);
  code.narrow(1, 0, options_.latent).mul_(std::sqrt(request.temperature));
  return decode_in_parts(*this, code);
}

}  // namespace kiln
