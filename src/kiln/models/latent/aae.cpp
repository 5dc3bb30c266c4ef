#include "kiln/models/latent/aae.h"

#include <fmt/format.h>
#include <torch/nn/functional/loss.h>

#include <cmath>

#include "kiln/core/check.h"
#include "kiln/models/decode_in_parts.h"
#include "kiln/nn/code_critic.h"
#include "kiln/prob/diag_normal.h"

namespace kiln {
namespace {

constexpr std::int64_t kMostLabelledNumbers = 1 << 26;  // 256 MiB
constexpr std::int64_t kCriticLayers = 2;
constexpr double kLogVarLimit = 10;

CodeNetworkOptions network_of(const AaeOptions& o) {
  const auto z = o.posterior == AaePosterior::gaussian ? 2 * o.code() : o.code();
  return {coder_of(o, o.class_size() + o.code()), o.class_size() + z, o.loss};
}

std::int64_t critic_inputs(const AaeOptions& o) {
  return o.code() + (o.supervision == Supervision::label ? o.classes + 1 : 0);
}

std::vector<std::int64_t> labelled_shape(const AaeOptions& o) {
  if (o.channels == 0) return {o.labelled(), o.data_dim};
  return {o.labelled(), o.channels, o.height, o.width};
}

std::vector<std::string> names_of(const std::vector<NamedTensor>& tensors) {
  std::vector<std::string> names;
  for (const auto& entry : tensors) names.push_back(entry.name);
  return names;
}

}  // namespace

Aae::Aae(const AaeOptions& o)
    : options_(checked_together(o)),
      prior_("aae", o.prior, o.code(), o.prior_scale, o.parts()),
      network_(register_module("network", std::make_shared<CodeNetwork>("aae", network_of(o)))),
      critic_(register_module("critic",
                              make_code_critic(critic_inputs(o), o.critic_hidden, kCriticLayers))) {
  if (o.supervision == Supervision::semi)
    class_critic_ = register_module("class_critic",
                                    make_code_critic(o.classes, o.critic_hidden, kCriticLayers));
  if (o.labelled() == 0) return;
  if (o.labelled() > kMostLabelledNumbers / o.data_dim)
    throw ConfigError("aae.labels",
                      fmt::format("{} items of {} numbers are kept with the model; at "
                                  "most {} of them fit",
                                  o.labelled(), o.data_dim, kMostLabelledNumbers / o.data_dim));
  labelled_x_ = register_buffer("labelled_x", torch::zeros(labelled_shape(o)));
  labelled_y_ = register_buffer("labelled_y", torch::full({o.labelled()}, -1, torch::kInt64));
}

Tensor Aae::Code::joined() const {
  return class_logits.defined() ? torch::cat({class_logits.softmax(1), z}, 1) : z;
}

// The encoder's outputs in order: class logits, z or its mean, and log variance.
Aae::Code Aae::split(const Tensor& outputs) const {
  const auto classes = options_.class_size();
  return {classes > 0 ? outputs.narrow(1, 0, classes) : Tensor(),
          outputs.narrow(1, classes, options_.code())};
}

Aae::Code Aae::encode(const Tensor& x, Rng& rng) {
  const bool noisy = options_.noise > 0;
  return drawn(network_->encode(noisy ? x + options_.noise * to_weights(rng.normal(x.sizes())) : x),
               rng);
}

// q(z|x): a point, or N(mean, diag s^2), log variance in [-10, 10].
Aae::Code Aae::drawn(const Tensor& outputs, Rng& rng) const {
  auto code = split(outputs);
  if (options_.posterior == AaePosterior::gaussian) {
    const auto log_var = outputs.narrow(1, outputs.size(1) - options_.code(), options_.code());
    code.z = DiagNormal{code.z, log_var.clamp(-kLogVarLimit, kLogVarLimit)}.rsample(rng);
  }
  return code;
}

Tensor Aae::one_hot(const Tensor& label, std::int64_t columns) const {
  return to_weights(torch::one_hot(label, columns));
}

// Section 2.3: the critic sees the one-hot label, or the column for unknown, beside the code.
Tensor Aae::critic_logits(const Tensor& z, const Tensor& label) {
  if (options_.supervision != Supervision::label) return critic_->forward(z);
  return critic_->forward(torch::cat({z, one_hot(label, options_.classes + 1)}, 1));
}

Tensor Aae::class_critic_logits(const Tensor& y) {
  KILN_ASSERT(class_critic_);
  return class_critic_->forward(y);
}

void Aae::start_from_data(const DataMoments& moments) { network_->start_from_mean(moments.mean); }

void Aae::start_from_labelled(const Batch& labelled) {
  if (labelled_items() == 0) return;
  torch::NoGradGuard no_grad;
  if (labelled.x.sizes() != labelled_x_.sizes() || !labelled.y.defined() ||
      labelled.y.sizes() != labelled_y_.sizes())
    throw ShapeError("aae.start_from_labelled",
                     fmt::format("needs {} labelled items of the data's shape", labelled_items()));
  if (labelled.y.min().item<std::int64_t>() < 0 ||
      labelled.y.max().item<std::int64_t>() >= options_.classes)
    throw ConfigError("aae.start_from_labelled",
                      fmt::format("labels must be 0 to {}", options_.classes - 1));
  labelled_x_.copy_(labelled.x);
  labelled_y_.copy_(labelled.y);
}

Batch Aae::draw_labelled(std::int64_t count, Rng& rng) const {
  if (labelled_y_[0].item<std::int64_t>() < 0)
    throw ConfigError("aae", "has no labelled items yet; call start_from_labelled first");
  const auto rows = rng.integers(options_.labelled(), {count});
  return {labelled_x_.index_select(0, rows), labelled_y_.index_select(0, rows).to(torch::kLong)};
}

void Aae::begin_round(const Batch& batch, Rng& rng) { code_ = encode(batch.x, rng); }

// An item of unknown class stands beside a draw of the whole prior, a labelled one beside a draw
// of its class's part.
Aae::Pairs Aae::pairs(const Code& code, Rng& rng) {
  const auto count = code.z.size(0);
  const auto prior = to_weights(prior_.sample(count, rng));
  const auto unknown =
      torch::full({count}, options_.classes, code.z.options().dtype(torch::kInt64));
  if (options_.supervision != Supervision::label) return {code.z, prior, unknown};
  const auto labelled = draw_labelled(count, rng);
  return {torch::cat({code.z, encode(labelled.x, rng).z}),
          torch::cat({prior, to_weights(prior_.sample_parts(labelled.y, rng))}),
          torch::cat({unknown, labelled.y})};
}

// -log D(z) - log(1 - D(q(z|x))), and the same for y against one-hot draws.
Objective Aae::critic_turn(Rng& rng) {
  KILN_ASSERT(code_.z.defined());
  const auto pair = pairs(code_, rng);
  const auto on_codes = critic_log_loss(critic_logits(pair.prior, pair.label),
                                        critic_logits(pair.codes.detach(), pair.label));
  if (options_.supervision != Supervision::semi) return {.loss = on_codes};
  const auto y = code_.class_logits.softmax(1).detach();
  const auto drawn = one_hot(rng.integers(options_.classes, {y.size(0)}), options_.classes);
  const auto on_classes = critic_log_loss(class_critic_logits(drawn), class_critic_logits(y));
  return {.loss = on_codes + on_classes, .log = {{"codes", on_codes}, {"classes", on_classes}}};
}

// -log D(q(z|x)), and the same for y, weighted.
Objective Aae::encoder_turn(const Tensor& x, Rng& rng) {
  const auto code = encode(x, rng);
  const auto pair = pairs(code, rng);
  const auto loss = non_saturating_loss(critic_logits(pair.codes, pair.label));
  if (options_.supervision != Supervision::semi) return {.loss = loss};
  const auto y = code.class_logits.softmax(1);
  const auto on_classes = non_saturating_loss(class_critic_logits(y));
  return {.loss = loss + options_.class_adversary.value_or(1) * on_classes};
}

// Section 5: -log q(y|x) of labelled items.
Objective Aae::classifier_turn(std::int64_t count, Rng& rng) {
  const auto labelled = draw_labelled(count, rng);
  return {.loss = torch::nn::functional::cross_entropy(encode(labelled.x, rng).class_logits,
                                                       labelled.y)};
}

std::vector<NamedTensor> Aae::encoder_parameters() const {
  auto list = trainable("network.encoder");
  for (auto& entry : trainable("network.code")) list.push_back(std::move(entry));
  return list;
}

// The encoder's weights are moved by all but the critic.
std::vector<Player> Aae::players() {
  const OptimizerOptions adversarial{.learning_rate = options_.adversarial_rate, .beta1 = .5};
  const auto encoder = encoder_parameters();
  const auto shared = names_of(encoder);
  auto critics = trainable("critic");
  for (auto& entry : trainable("class_critic")) critics.push_back(std::move(entry));
  std::vector<Player> list{
      {.name = "autoencoder",
       .parameters = trainable("network"),
       .objective = [this](const Batch& batch,
                           Rng&) { return Objective{.loss = error(batch.x, code_).mean()}; },
       .shares = shared},
      {.name = "critic",
       .parameters = critics,
       .objective = [this](const Batch&, Rng& rng) { return critic_turn(rng); },
       .optimizer = adversarial},
      {.name = "encoder",
       .parameters = encoder,
       .objective = [this](const Batch& batch, Rng& rng) { return encoder_turn(batch.x, rng); },
       .optimizer = adversarial,
       .shares = shared}};
  if (options_.supervision == Supervision::semi)
    list.push_back({.name = "classifier",
                    .parameters = encoder,
                    .objective = [this](const Batch& batch,
                                        Rng& rng) { return classifier_turn(batch.x.size(0), rng); },
                    .shares = shared});
  return list;
}

Tensor Aae::encode_mean(const Batch& batch) { return split(network_->encode(batch.x)).joined(); }

Tensor Aae::encode_draw(const Batch& batch, Rng& rng) {
  return drawn(network_->encode(batch.x), rng).joined();
}

Tensor Aae::class_logits(const Batch& batch) {
  if (classes() == 0)
    throw ConfigError("aae.class_logits",
                      "was trained without a class output; use supervision semi");
  return split(network_->encode(batch.x)).class_logits;
}

Tensor Aae::sample_prior(std::int64_t count, Rng& rng) {
  const auto z = to_weights(prior_.sample(count, rng));
  if (options_.supervision != Supervision::semi) return z;
  return torch::cat({one_hot(rng.integers(options_.classes, {count}), options_.classes), z}, 1);
}

Tensor Aae::prior_quantile(const Tensor& u) const {
  if (options_.supervision == Supervision::semi)
    throw ConfigError("aae.prior_quantile", "codes begin with a class, which has no quantiles");
  return prior_.quantile(u);
}

// Section 2.3: a label is a part of the prior; section 5: it is y.
Tensor Aae::prior_of_class(const Tensor& labels, Rng& rng) {
  const auto y = labels.to(labelled_y_.options());
  if (options_.supervision == Supervision::label) return to_weights(prior_.sample_parts(y, rng));
  return torch::cat({one_hot(y, options_.classes), to_weights(prior_.sample(y.size(0), rng))}, 1);
}

Conditions Aae::conditions() const {
  return {.classes = options_.supervision == Supervision::none ? 0 : options_.classes,
          .temperature = options_.prior == PriorKind::gaussian ? Conditions::Temperature::from_zero
                                                               : Conditions::Temperature::one};
}

Tensor Aae::draw_samples(const SampleRequest& request, Rng& rng) {
  const auto codes = request.given.labels.defined()
                         ? prior_of_class(labels_of(request, options_.classes), rng)
                         : sample_prior(request.count, rng);
  codes.narrow(1, options_.class_size(), options_.code()).mul_(std::sqrt(request.temperature));
  return decode_in_parts(*this, codes);
}

}  // namespace kiln
