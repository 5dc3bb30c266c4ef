#include "kiln/models/translation/pix2pix.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "kiln/core/check.h"
#include "kiln/models/directed_pair.h"
#include "kiln/nn/adversarial/generator_network.h"
#include "kiln/nn/adversarial/patch_critic.h"
#include "kiln/nn/code_critic.h"

namespace kiln {
namespace {

const Pix2pixOptions& checked_together(const Pix2pixOptions& o) {
  checked("pix2pix", o);
  const auto side = std::min(o.height, o.width);
  if (patch_map_side(side, o.patch_halvings) < 1)
    throw ConfigError(
        "pix2pix.patch_halvings",
        fmt::format("{} halvings leave nothing of pictures of {} x {}; take fewer, or "
                    "larger pictures",
                    o.patch_halvings, o.height, o.width));
  check_halvings("pix2pix.halvings", o.unet_halvings(), o.height, o.width);
  return o;
}

}  // namespace

std::vector<std::pair<PairDirection, std::string_view>> enum_names(PairDirection) {
  return {{PairDirection::a2b, "a2b"}, {PairDirection::b2a, "b2a"}};
}

std::int64_t Pix2pixOptions::source_channels() const {
  return direction == PairDirection::a2b ? channels : channels_b;
}

std::int64_t Pix2pixOptions::target_channels() const {
  return direction == PairDirection::a2b ? channels_b : channels;
}

std::int64_t Pix2pixOptions::unet_halvings() const {
  return halvings.value_or(most_halvings(height, width));
}

Pix2pix::Pix2pix(const Pix2pixOptions& o)
    : options_(checked_together(o)),
      generator_(register_module("generator", Unet(UnetOptions{.in = o.source_channels(),
                                                               .out = o.target_channels(),
                                                               .filters = o.filters,
                                                               .halvings = o.unet_halvings(),
                                                               .dropout = o.dropout}))),
      critic_(register_module("critic", make_patch_critic({.channels = o.channels + o.channels_b,
                                                           .filters = o.filters,
                                                           .halvings = o.patch_halvings}))) {
  start_dcgan_weights(*generator_);
  start_dcgan_weights(*critic_);
}

const Tensor& Pix2pix::source_of(const Batch& batch) const {
  return options_.direction == PairDirection::a2b ? batch.x : batch.at("b");
}

const Tensor& Pix2pix::target_of(const Batch& batch) const {
  return options_.direction == PairDirection::a2b ? batch.at("b") : batch.x;
}

Tensor Pix2pix::generate(const Tensor& source, Rng& rng) {
  return generator_->forward(source, &rng);
}

Tensor Pix2pix::critic_logits(const Tensor& source, const Tensor& target) {
  return critic_->forward(torch::cat({source, target}, 1));
}

std::vector<Tensor> Pix2pix::preview(const Batch& items, Rng& rng) {
  const auto direction = directions().front();
  return translation_rows(*this, DirectedPair(items, direction), direction, rng).pictures;
}

void Pix2pix::begin_round(const Batch& batch, Rng& rng) { fake_ = generate(source_of(batch), rng); }

// Half of -log D(a, b) - log(1 - D(a, G(a))), as in section 3.3: D learns slower than G.
Objective Pix2pix::critic_turn(const Batch& batch) {
  KILN_ASSERT(fake_.defined());
  const auto& source = source_of(batch);
  return {.loss = critic_log_loss(critic_logits(source, target_of(batch)),
                                  critic_logits(source, fake_.detach())) /
                  2};
}

// -log D(a, G(a)) + lambda |b - G(a)|.
Objective Pix2pix::generator_turn(const Batch& batch) {
  KILN_ASSERT(fake_.defined());
  const auto adversarial = non_saturating_loss(critic_logits(source_of(batch), fake_));
  const auto distance = (target_of(batch) - fake_).abs().mean();
  return {.loss = adversarial + options_.distance * distance,
          .log = {{"adversarial", adversarial}, {"distance", distance}}};
}

std::vector<Player> Pix2pix::players() {
  const OptimizerOptions adam{.learning_rate = options_.rate, .beta1 = .5};
  return {{.name = "critic",
           .parameters = trainable("critic"),
           .objective = [this](const Batch& batch, Rng&) { return critic_turn(batch); },
           .optimizer = adam},
          {.name = "generator",
           .parameters = trainable("generator"),
           .objective = [this](const Batch& batch, Rng&) { return generator_turn(batch); },
           .optimizer = adam}};
}

std::vector<std::string> Pix2pix::directions() const {
  return {std::string(enum_name(options_.direction))};
}

Tensor Pix2pix::translate(const Tensor& source, std::string_view direction, Rng& rng) {
  check_direction(*this, direction);
  torch::NoGradGuard no_grad;
  return generate(source, rng);
}

std::vector<RecipeFor<Pix2pixOptions>> Pix2pix::recipes() {
  return {{"all pairs",
           always<Pix2pixOptions>,
           {{"filters", "24"},
            {"batch", "8"},
            {"dropout", "0"},
            {"learning_rate", "0.001"},
            {"steps", "3000"},
            {"schedule", "linear"}}}};
}

}  // namespace kiln
