#include "kiln/models/adversarial/dcgan.h"

#include <fmt/format.h>
#include <torch/nn/modules/conv.h>

#include <cmath>

#include "kiln/core/check.h"
#include "kiln/models/decode_in_parts.h"
#include "kiln/nn/adversarial/generator_network.h"
#include "kiln/nn/code_critic.h"
#include "kiln/nn/conv2d.h"
#include "kiln/nn/conv_halvings.h"
#include "kiln/nn/eval_scope.h"
#include "kiln/nn/strided_trunk.h"

namespace kiln {
namespace {

using torch::nn::Sequential;

const DcganOptions& checked_together(const DcganOptions& o) {
  checked("dcgan", o);
  if (o.channels == 0)
    throw ConfigError("dcgan",
                      "needs images, got a table; use images:DIR,size=32, digits or shapes");
  if (o.height != o.width || (o.height != 28 && o.height != 32 && o.height != 64))
    throw ConfigError("dcgan",
                      fmt::format("images must be 28, 32 or 64 pixels square, got {}x{}; "
                                  "pictures of a folder are rescaled by images:DIR,size=32, and "
                                  "`gan` takes other sizes",
                                  o.height, o.width));
  return o;
}

std::int64_t doublings(const DcganOptions& o) { return conv_halvings(o.height, o.width); }

Sequential make_generator(const DcganOptions& o) {
  return make_conv_generator(
      {.inputs = o.latent, .channels = o.channels, .side = o.height, .filters = o.filters});
}

// Strided convolutions, leaky ReLU, no batch normalisation next to the image: [B, 1, 1, 1].
Sequential make_critic(const DcganOptions& o) {
  Sequential net;
  const auto halvings = doublings(o);
  push_strided_trunk(net, {.channels = o.channels,
                           .filters = o.filters,
                           .halvings = halvings,
                           .norm = MapNorm::batch,
                           .slope = .2,
                           .first_bias = false});
  net->push_back(Conv2d(Conv2dOptions{.in = filters_at(o.filters, halvings - 1),
                                      .out = 1,
                                      .kernel = o.height >> halvings,
                                      .bias = false}));
  return net;
}

}  // namespace

Dcgan::Dcgan(const DcganOptions& o)
    : options_(checked_together(o)),
      generator_(register_module("generator", make_generator(o))),
      critic_(register_module("critic", make_critic(o))) {
  start_dcgan_weights(*generator_);
  start_dcgan_weights(*critic_);
}

Tensor Dcgan::generate(const Tensor& z) {
  check_shape("dcgan.generate", "z", z, {kAny, options_.latent});
  return generator_->forward(z.view({-1, options_.latent, 1, 1}));
}

Tensor Dcgan::critic_logits(const Tensor& x) {
  check_shape("dcgan.critic_logits", "x", x,
              {kAny, options_.channels, options_.height, options_.width});
  return critic_->forward(x).view(-1);
}

// -log D(x) - log(1 - D(G(z)))
Tensor Dcgan::critic_loss(const Tensor& real_logits, const Tensor& fake_logits) {
  return critic_log_loss(real_logits, fake_logits);
}

// -log D(G(z))
Tensor Dcgan::generator_loss(const Tensor& fake_logits) { return non_saturating_loss(fake_logits); }

void Dcgan::begin_round(const Batch& batch, Rng& rng) {
  fake_ = generate(sample_prior(batch.x.size(0), rng));
}

// Real and fake batches pass separately, each normalised by its own statistics.
Objective Dcgan::critic_turn(const Tensor& real) {
  KILN_ASSERT(fake_.defined());
  const auto real_logits = critic_logits(real), fake_logits = critic_logits(fake_.detach());
  return {.loss = critic_loss(real_logits, fake_logits),
          .log = {{"prob_real", torch::sigmoid(real_logits).mean()},
                  {"prob_fake", torch::sigmoid(fake_logits).mean()}}};
}

Objective Dcgan::generator_turn() {
  KILN_ASSERT(fake_.defined());
  return {.loss = generator_loss(critic_logits(fake_))};
}

std::vector<Player> Dcgan::players() {
  const OptimizerOptions adam{.learning_rate = 2e-4, .beta1 = .5};
  return {{.name = "critic",
           .parameters = trainable("critic"),
           .objective = [this](const Batch& batch, Rng&) { return critic_turn(batch.x); },
           .optimizer = adam},
          {.name = "generator",
           .parameters = trainable("generator"),
           .objective = [this](const Batch&, Rng&) { return generator_turn(); },
           .optimizer = adam}};
}

Tensor Dcgan::decode_mean(const Tensor& z) {
  const EvalScope scope(*generator_);
  return generate(z);
}

Tensor Dcgan::realness_logits(const Batch& batch) {
  const EvalScope scope(*critic_);
  return critic_logits(batch.x);
}

Tensor Dcgan::sample_prior(std::int64_t count, Rng& rng) {
  check_positive("dcgan.sample_prior", "count", count);
  return rng.normal({count, options_.latent}).to(parameters().front().options());
}

Tensor Dcgan::draw_samples(const SampleRequest& request, Rng& rng) {
  return decode_in_parts(*this, std::sqrt(request.temperature) * sample_prior(request.count, rng));
}

std::vector<RecipeFor<DcganOptions>> Dcgan::recipes() {
  return {{"all data",
           always<DcganOptions>,
           {{"filters", "16"},
            {"batch", "64"},
            {"steps", "10000"},
            {"learning_rate", "0.0005"},
            {"schedule", "linear"},
            {"ema", "0.999"}}}};
}

}  // namespace kiln
