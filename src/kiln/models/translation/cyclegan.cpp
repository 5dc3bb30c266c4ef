#include "kiln/models/translation/cyclegan.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "kiln/core/check.h"
#include "kiln/models/directed_pair.h"
#include "kiln/nn/adversarial/generator_network.h"
#include "kiln/nn/residual_generator.h"
#include "kiln/nn/unet.h"

namespace kiln {
namespace {

// A size of the network that is not there would do nothing.
void refuse_idle_sizes(const CycleganOptions& o) {
  const bool residual = o.network == TranslationNetwork::residual;
  if (residual && o.halvings) throw ConfigError("cyclegan.halvings", "belongs to --network unet");
  if (!residual && o.blocks) throw ConfigError("cyclegan.blocks", "belongs to --network residual");
}

const CycleganOptions& checked_together(const CycleganOptions& o) {
  checked("cyclegan", o);
  if (patch_map_side(std::min(o.height, o.width), o.critic_halvings()) < 1)
    throw ConfigError("cyclegan.patch_halvings",
                      fmt::format("{} halvings leave nothing of pictures of {} x {}; take fewer, "
                                  "or larger pictures",
                                  o.critic_halvings(), o.height, o.width));
  if (o.network == TranslationNetwork::unet)
    check_halvings("cyclegan.halvings", o.unet_halvings(), o.height, o.width);
  refuse_idle_sizes(o);
  if (o.skip && o.channels != o.channels_b)
    throw ConfigError(
        "cyclegan.skip",
        fmt::format("pictures of {} channels cannot be added to pictures of {}; leave "
                    "it out",
                    o.channels, o.channels_b));
  if (o.identity_weight() > 0 && o.channels != o.channels_b)
    throw ConfigError("cyclegan.identity",
                      fmt::format("pictures of {} channels cannot be compared with pictures of {}; "
                                  "leave it out",
                                  o.channels, o.channels_b));
  return o;
}

torch::nn::Sequential critic(const CycleganOptions& o, std::int64_t channels) {
  return make_patch_critic({.channels = channels,
                            .filters = o.critic_filters,
                            .norm = o.critic_norm,
                            .halvings = o.critic_halvings()});
}

std::shared_ptr<ImagePool> pool(const CycleganOptions& o, std::int64_t channels) {
  return std::make_shared<ImagePool>(o.pool, channels, o.height, o.width);
}

Tensor distance(const Tensor& one, const Tensor& other) { return (one - other).abs().mean(); }

// How far a critic's outputs are from what they should say.
Tensor squares(const Tensor& outputs, double target) { return (outputs - target).square().mean(); }

// (E (D(x) - 1)^2 + E D(made)^2) / 2.
Objective critic_turn(torch::nn::Sequential& critic, ImagePool& pool, const Tensor& real,
                      const Tensor& fake, Rng& rng) {
  KILN_ASSERT(fake.defined());
  const auto shown = pool.exchange(fake, rng);
  return {.loss = (squares(critic->forward(real), 1) + squares(critic->forward(shown), 0)) / 2};
}

}  // namespace

std::vector<std::pair<TranslationNetwork, std::string_view>> enum_names(TranslationNetwork) {
  return {{TranslationNetwork::residual, "residual"}, {TranslationNetwork::unet, "unet"}};
}

std::int64_t CycleganOptions::residual_blocks() const {
  constexpr std::int64_t kLarge = 256;
  return blocks.value_or(std::min(height, width) >= kLarge ? 9 : 6);
}

std::int64_t CycleganOptions::unet_halvings() const {
  return halvings.value_or(most_halvings(height, width));
}

std::int64_t CycleganOptions::critic_halvings() const {
  if (patch_halvings) return *patch_halvings;
  std::int64_t times = 3;
  while (times > 1 && patch_side(times) > std::min(height, width)) --times;
  return times;
}

double CycleganOptions::identity_weight() const {
  return identity.value_or(channels == channels_b ? .5 : 0);
}

Cyclegan::Cyclegan(const CycleganOptions& o)
    : options_(checked_together(o)),
      a_to_b_(make_generator("a_to_b", o.channels, o.channels_b)),
      b_to_a_(make_generator("b_to_a", o.channels_b, o.channels)),
      critic_a_(register_module("critic_a", critic(o, o.channels))),
      critic_b_(register_module("critic_b", critic(o, o.channels_b))),
      pool_a_(register_module("pool_a", pool(o, o.channels))),
      pool_b_(register_module("pool_b", pool(o, o.channels_b))) {
  start_dcgan_weights(*this);
}

std::function<Tensor(const Tensor&)> Cyclegan::make_generator(const std::string& name,
                                                              std::int64_t in, std::int64_t out) {
  const auto& o = options_;
  if (o.network == TranslationNetwork::residual) {
    const auto net = register_module(
        name, ResidualGenerator(ResidualGeneratorOptions{.in = in,
                                                         .out = out,
                                                         .filters = o.filters,
                                                         .blocks = o.residual_blocks(),
                                                         .skip = o.skip}));
    return [net](const Tensor& x) mutable { return net->forward(x); };
  }
  const auto net = register_module(name, Unet(UnetOptions{.in = in,
                                                          .out = out,
                                                          .filters = o.filters,
                                                          .halvings = o.unet_halvings(),
                                                          .dropout = 0,
                                                          .skip = o.skip}));
  return [net](const Tensor& x) mutable { return net->forward(x, nullptr); };
}

void Cyclegan::begin_round(const Batch& batch, Rng&) {
  fake_b_ = a_to_b(batch.x);
  fake_a_ = b_to_a(batch.at("b"));
}

Objective Cyclegan::generators_turn(const Batch& batch) {
  KILN_ASSERT(fake_a_.defined() && fake_b_.defined());
  const auto &a = batch.x, &b = batch.at("b");
  const auto adversarial =
      squares(critic_b_->forward(fake_b_), 1) + squares(critic_a_->forward(fake_a_), 1);
  const auto cycle = distance(a, b_to_a(fake_b_)) + distance(b, a_to_b(fake_a_));
  Objective objective{.loss = adversarial + options_.cycle * cycle,
                      .log = {{"adversarial", adversarial}, {"cycle", cycle}}};
  if (const double weight = options_.cycle * options_.identity_weight(); weight > 0) {
    const auto identity = distance(b, a_to_b(b)) + distance(a, b_to_a(a));
    objective.loss = objective.loss + weight * identity;
    objective.log.emplace_back("identity", identity);
  }
  return objective;
}

std::vector<Player> Cyclegan::players() {
  const OptimizerOptions adam{.learning_rate = options_.rate, .beta1 = .5};
  auto generators = trainable("a_to_b");
  for (auto& entry : trainable("b_to_a")) generators.push_back(std::move(entry));
  return {{.name = "generators",
           .parameters = std::move(generators),
           .objective = [this](const Batch& batch, Rng&) { return generators_turn(batch); },
           .optimizer = adam},
          {.name = "critic_a",
           .parameters = trainable("critic_a"),
           .objective =
               [this](const Batch& batch, Rng& rng) {
                 return critic_turn(critic_a_, *pool_a_, batch.x, fake_a_, rng);
               },
           .optimizer = adam,
           .averaged = false},
          {.name = "critic_b",
           .parameters = trainable("critic_b"),
           .objective =
               [this](const Batch& batch, Rng& rng) {
                 return critic_turn(critic_b_, *pool_b_, batch.at("b"), fake_b_, rng);
               },
           .optimizer = adam,
           .averaged = false}};
}

Tensor Cyclegan::translate(const Tensor& source, std::string_view direction, Rng&) {
  check_direction(*this, direction);
  torch::NoGradGuard no_grad;
  return direction == "a2b" ? a_to_b(source) : b_to_a(source);
}

std::vector<Tensor> Cyclegan::preview(const Batch& items, Rng& rng) {
  auto rows = translation_rows(*this, DirectedPair(items.x, "a2b"), "a2b", rng).pictures;
  for (auto& row : translation_rows(*this, DirectedPair(items.at("b"), "b2a"), "b2a", rng).pictures)
    rows.push_back(std::move(row));
  return rows;
}

std::vector<RecipeFor<CycleganOptions>> Cyclegan::recipes() {
  const OptionMap all{{"batch", "4"},
                      {"network", "unet"},
                      {"filters", "24"},
                      {"critic_filters", "32"},
                      {"critic_norm", "none"},
                      {"cycle", "5"},
                      {"learning_rate", "0.001"},
                      {"steps", "6000"},
                      {"schedule", "linear"},
                      {"hold", "0.5"},
                      {"ema", "0.999"}};
  auto alike = all;
  alike["skip"] = "true";
  return {
      {"two kinds of pictures with the same channels",
       [](const CycleganOptions& o, std::int64_t) { return o.channels == o.channels_b; }, alike},
      {"two kinds of pictures", always<CycleganOptions>, all}};
}

}  // namespace kiln
