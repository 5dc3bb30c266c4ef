#include "kiln/models/adversarial/gan.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "kiln/core/error.h"
#include "kiln/nn/code_critic.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

std::shared_ptr<Gan> seeded(GanOptions options, std::uint64_t seed = 3) {
  Rng init(seed);
  const Rng::Scope scope(init);
  return std::make_shared<Gan>(options);
}

Tensor plane(std::int64_t count, std::uint64_t seed = 5) {
  Rng rng(seed);
  return rng.normal({count, 2}) + 1;
}

std::vector<Tensor> slopes(const Tensor& loss, Gan& gan, std::size_t player) {
  std::vector<Tensor> weights;
  for (const auto& entry : gan.players()[player].parameters) weights.push_back(entry.tensor);
  return torch::autograd::grad({loss}, weights, {}, c10::nullopt, false, true);
}

TEST(Gan, CriticLossIsTheObjectivesWithItsPenalties) {
  const auto real = plane(8), fake = plane(8, 6) - 3;
  Rng rng(1);
  const auto plain = seeded({});
  EXPECT_TRUE(
      torch::equal(plain->critic_loss(real, fake, rng),
                   critic_log_loss(plain->critic_outputs(real), plain->critic_outputs(fake))));
  const auto with_r1 = seeded({.r1 = 3});
  const auto at = real.clone().requires_grad_();
  const auto slope = torch::autograd::grad({with_r1->critic_outputs(at).sum()}, {at})[0];
  EXPECT_NEAR(
      (with_r1->critic_loss(real, fake, rng) - plain->critic_loss(real, fake, rng)).item<double>(),
      1.5 * slope.square().sum(1).mean().item<double>(), 1e-5);
  const auto without = seeded({.objective = "wasserstein_gp", .penalty = 0});
  EXPECT_NEAR(
      without->critic_loss(real, fake, rng).item<double>(),
      (without->critic_outputs(fake).mean() - without->critic_outputs(real).mean()).item<double>(),
      1e-6);
  const auto with = seeded({.objective = "wasserstein_gp", .penalty = 10});
  EXPECT_GT(with->critic_loss(real, fake, rng).item<double>(),
            without->critic_loss(real, fake, rng).item<double>() + 1e-3);
}

TEST(Gan, EachPlayerMovesItsOwnWeights) {
  const auto gan = seeded({.unroll = 2});
  gan->train();
  Rng rng(2);
  const Batch batch{plane(8), {}};
  gan->begin_round(batch, rng);
  auto players = gan->players();
  ASSERT_EQ(players.size(), 2u);
  for (auto& player : players) {
    const auto loss = player.objective(batch, rng).loss;
    std::vector<Tensor> weights;
    for (const auto& entry : player.parameters) {
      weights.push_back(entry.tensor);
      EXPECT_TRUE(entry.name.starts_with(player.name + ".")) << entry.name;
    }
    for (const auto& slope : torch::autograd::grad({loss}, weights, {}, true))
      EXPECT_TRUE(slope.isfinite().all().item<bool>());
  }
}

TEST(Gan, WithoutStepsAheadTheGeneratorsGradientIsPlainToTheBit) {
  const auto gan = seeded({});
  Rng rng(2);
  const auto z = gan->sample_prior(8, rng), real = plane(8);
  const auto ahead = slopes(gan->generator_loss(real, gan->generate(z)), *gan, 1);
  const auto plain = slopes(non_saturating_loss(gan->critic_outputs(gan->generate(z))), *gan, 1);
  for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_TRUE(torch::equal(ahead[i], plain[i]));
}

TEST(Gan, LookingAheadChangesTheGradientAndNotTheCritic) {
  const auto gan = seeded({.unroll = 3, .critic_rate = .05}), plain = seeded({});
  Rng rng(2);
  const auto z = gan->sample_prior(8, rng), real = plane(8);
  std::vector<Tensor> before;
  for (const auto& entry : gan->players()[0].parameters)
    before.push_back(entry.tensor.detach().clone());
  const auto ahead = slopes(gan->generator_loss(real, gan->generate(z)), *gan, 1);
  const auto now = slopes(plain->generator_loss(real, plain->generate(z)), *plain, 1);
  EXPECT_FALSE(torch::allclose(ahead[0], now[0]));
  const auto after = gan->players()[0].parameters;
  for (std::size_t i = 0; i < before.size(); ++i)
    EXPECT_TRUE(torch::equal(before[i], after[i].tensor));
}

// The moments are Adam's of the critic's gradients at the generator's turns.
TEST(Gan, KeepsTheMomentsOfTheCriticsGradient) {
  const auto gan = seeded({.unroll = 2});
  gan->train();
  Rng rng(2);
  const auto real = plane(8);
  const auto fake = gan->generate(gan->sample_prior(8, rng));
  const auto gradient = slopes(gan->critic_loss(real, fake, rng), *gan, 0);
  gan->generator_loss(real, gan->generate(gan->sample_prior(8, rng)));
  const auto buffers = gan->named_buffers();
  EXPECT_EQ(buffers["ahead_held"].item<std::int64_t>(), 1);
  const auto other = seeded({.unroll = 2});
  other->train();
  other->generator_loss(real, fake.detach().requires_grad_());
  const auto moments = other->named_buffers();
  EXPECT_TRUE(torch::allclose(moments["ahead_first_weight1"], .5 * gradient[2], 1e-4, 1e-7));
  EXPECT_TRUE(
      torch::allclose(moments["ahead_second_weight1"], .001 * gradient[2].square(), 1e-3, 1e-10));
  other->generator_loss(real, fake.detach().requires_grad_());  // the same gradient once more
  EXPECT_TRUE(torch::allclose(moments["ahead_first_weight1"], .75 * gradient[2], 1e-4, 1e-7));
  EXPECT_TRUE(torch::allclose(moments["ahead_second_weight1"], .001 * 1.999 * gradient[2].square(),
                              1e-3, 1e-10));
  gan->eval();
  gan->generator_loss(real, gan->generate(gan->sample_prior(8, rng)));
  EXPECT_EQ(gan->named_buffers()["ahead_held"].item<std::int64_t>(), 1);  // not in training
}

TEST(Gan, PacksItemsSideBySide) {
  const auto gan = seeded({.pack = 2});
  const auto x = plane(6);
  EXPECT_EQ(gan->critic_outputs(x).sizes(), torch::IntArrayRef({3}));
  const auto swapped = torch::cat({x.narrow(0, 4, 2), x.narrow(0, 0, 4)});  // packs change places
  EXPECT_TRUE(torch::allclose(gan->critic_outputs(swapped)[1], gan->critic_outputs(x)[0]));
  EXPECT_THROW(gan->critic_outputs(plane(5)), ShapeError);
  EXPECT_THROW(gan->realness_logits(x), ConfigError);
}

TEST(Gan, WassersteinClipsEveryWeightBeforeEveryTurn) {
  const auto gan = seeded({.objective = "wasserstein", .clip_weights = .02});
  Rng rng(2);
  const Batch batch{plane(8), {}};
  for (auto& player : gan->players()) {
    for (auto& entry : gan->players()[0].parameters) {
      torch::NoGradGuard no_grad;
      entry.tensor.add_(1);
    }
    gan->begin_round(batch, rng);
    player.objective(batch, rng);
    for (const auto& entry : gan->players()[0].parameters)
      EXPECT_LE(entry.tensor.abs().max().item<double>(), .02f);
  }
  EXPECT_EQ(gan->players()[0].turns, 5);
  for (const auto& player : gan->players()) EXPECT_EQ(player.optimizer.beta1, 0);
  for (const auto& player : seeded({})->players()) EXPECT_EQ(player.optimizer.beta1, .5);
  EXPECT_EQ(seeded({.objective = "hinge", .critic_steps = 3})->players()[0].turns, 3);
}

// WGAN-GP's critic between known laws on a line.  The penalised best critic of a shift d has slope
// 1 + d / (2 lambda): lambda is 100.  The critic starts flat: on a line a slope of the wrong sign
// could not turn, as 0 is a barrier between the penalty's two valleys.
TEST(Gan, PenalisedCriticMeasuresTheEarthMoversDistance) {
  struct Pair {
    double shift, scale, distance;
  };
  for (const auto& pair : {Pair{2, 1, 2}, Pair{0, 3, 2 * std::sqrt(2 / M_PI)}, Pair{-1, 1, 1}}) {
    const auto gan = seeded({.data_dim = 1,
                             .hidden = 32,
                             .objective = "wasserstein_gp",
                             .penalty = 100,
                             .critic_rate = 3e-3});
    Rng rng(9);
    const auto draw = [&](std::int64_t count, bool real) {
      const auto x = rng.normal({count, 1});
      return real ? x : x * pair.scale + pair.shift;
    };
    std::vector<Tensor> weights;
    for (const auto& entry : gan->players()[0].parameters) weights.push_back(entry.tensor);
    weights[weights.size() - 2].detach().zero_();
    torch::optim::Adam adam(weights, torch::optim::AdamOptions(3e-3).betas({0, .9}));
    for (int step = 0; step < 1200; ++step) {
      for (auto& group : adam.param_groups())
        static_cast<torch::optim::AdamOptions&>(group.options()).lr(3e-3 * (1 - step / 1200.));
      adam.zero_grad();
      gan->critic_loss(draw(256, true), draw(256, false), rng).backward();
      adam.step();
    }
    torch::NoGradGuard no_grad;
    const double measured = (gan->critic_outputs(draw(100000, true)).mean() -
                             gan->critic_outputs(draw(100000, false)).mean())
                                .item<double>();
    EXPECT_NEAR(measured, pair.distance, .05 * pair.distance);
  }
}

TEST(Gan, ImagesAreInMinusOneToOne) {
  const auto gan = seeded({.data_dim = 12, .channels = 3, .height = 2, .width = 2});
  Rng rng(4);
  const auto x = gan->sample({.count = 5}, rng);
  EXPECT_EQ(x.sizes(), torch::IntArrayRef({5, 3, 2, 2}));
  EXPECT_LE(x.abs().max().item<double>(), 1);
  EXPECT_EQ(gan->values(), Values::signed_unit);
  EXPECT_EQ(seeded({})->values(), Values::real);
}

TEST(Gan, RefusesOptionsThatDoNotFit) {
  for (const auto& options :
       std::vector<GanOptions>{{.objective = "wasserstein", .unroll = 1},
                               {.objective = "wasserstein_gp", .unroll = 1},
                               {.clip_weights = .1},
                               {.penalty = 1},
                               {.objective = "wasserstein", .spectral_norm = true},
                               {.unroll_rule = InnerRule::sgd},
                               {.unroll_first_order = true}})
    EXPECT_THROW(seeded(options), ConfigError);
  EXPECT_NE(message_of<ConfigError>([] { seeded({.objective = "f:kll"}); }).find("'kl'"),
            std::string::npos);
}

}  // namespace
}  // namespace kiln
