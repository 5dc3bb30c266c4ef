#include "kiln/models/adversarial/progressive_gan.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "tests/support/descent.h"
#include "tests/support/finite_differences.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

ProgressiveGanOptions small() {
  return {.channels = 1,
          .height = 16,
          .width = 16,
          .features = 3,
          .latent = 3,
          .stable_rounds = 10,
          .fade_rounds = 4};
}

Batch pictures(std::int64_t count, std::int64_t side = 16, std::uint64_t seed = 3) {
  return {2 * Rng(seed).uniform({count, 1, side, side}) - 1, {}};
}

void begin_rounds(ProgressiveGan& model, std::int64_t count) {
  Rng rng(1);
  for (std::int64_t i = 0; i < count; ++i) model.begin_round({}, rng);
}

// ---- Growth

TEST(ProgressiveGan, EverySizeIsBlendedInAndThenStands) {
  const ProgressiveGan model(small());
  const auto expect = [&](std::int64_t round, std::int64_t level, double alpha) {
    const auto growth = model.growth_at(round);
    EXPECT_EQ(growth.level, level) << round;
    EXPECT_EQ(growth.alpha, alpha) << round;
  };
  expect(0, 0, 1);
  expect(9, 0, 1);
  expect(10, 1, 0);
  expect(11, 1, .25);
  expect(13, 1, .75);
  expect(14, 1, 1);
  expect(23, 1, 1);
  expect(24, 2, 0);
  expect(27, 2, .75);
  expect(28, 2, 1);
  expect(1000000, 2, 1);
}

// What the trainer changes at a boundary belongs to the growth that begins there.
TEST(ProgressiveGan, StagesEndWhereTheGrowthChanges) {
  auto options = small();
  options.most_batches = 2;
  const ProgressiveGan model(options);
  const auto stages = model.stages();
  ASSERT_EQ(stages.size(), 5U);
  const std::vector<std::int64_t> batches{2, 2, 2, 1, 1};
  std::int64_t first = 0;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    EXPECT_EQ(model.growth_at(first).level, static_cast<std::int64_t>(i + 1) / 2);
    EXPECT_EQ(model.growth_at(first).alpha, i % 2 == 1 ? 0 : 1);
    EXPECT_EQ(stages[i].batches, batches[i]);
    EXPECT_EQ(stages[i].fresh_moments, i == 0 ? std::vector<std::string>()
                                              : (std::vector<std::string>{"critic", "generator"}));
    first += stages[i].rounds;
  }
  EXPECT_EQ(ProgressiveGan(small()).stages()[0].batches, 4);
}

TEST(ProgressiveGan, CountsTheRoundsThatWereBegun) {
  ProgressiveGan model(small());
  EXPECT_EQ(model.growth().level, 0);
  begin_rounds(model, 11);
  EXPECT_EQ(model.growth().level, 1);
  EXPECT_EQ(model.growth().alpha, 0);
  begin_rounds(model, 2);
  EXPECT_EQ(model.growth().alpha, .5);
}

TEST(ProgressiveGan, DataAreSeenAsLargeAsTheNetworksAre) {
  const ProgressiveGan model(small());
  const auto x = pictures(2).x;
  EXPECT_TRUE(torch::allclose(model.seen(x, {.level = 0}), at::avg_pool2d(x, {4, 4}), 0, 1e-6));
  EXPECT_TRUE(torch::equal(model.seen(x, {.level = 2}), x));
  const auto coarse = at::avg_pool2d(x, {2, 2}).repeat_interleave(2, 2).repeat_interleave(2, 3);
  EXPECT_TRUE(torch::equal(model.seen(x, {.level = 2, .alpha = 0}), coarse));
  EXPECT_TRUE(torch::allclose(model.seen(x, {.level = 2, .alpha = .25}), .75 * coarse + .25 * x,
                              1e-5, 1e-6));
}

TEST(ProgressiveGan, SamplesHaveTheSizeOfTheDataAtAnyTime) {
  torch::manual_seed(1);
  ProgressiveGan model(small());
  torch::NoGradGuard no_grad;
  Rng rng(2);
  const auto z = model.sample_prior(5, rng);
  for (int i = 0; i < 4; ++i) {
    const auto x = model.decode_mean(z);
    EXPECT_EQ(x.sizes(), (at::IntArrayRef{5, 1, 16, 16}));
    EXPECT_LE(x.abs().max().item<double>(), 1);
    auto own = model.generate(z, model.growth());
    while (own.size(2) < 16) own = doubled(own);
    EXPECT_TRUE(torch::equal(x, own.clamp(-1, 1)));
    begin_rounds(model, 12);
  }
}

// ---- Losses

TEST(ProgressiveGan, TheCriticLowersItsDistanceItsSlopeAndItsDrift) {
  torch::manual_seed(2);
  auto options = small();
  options.penalty = 7;
  options.drift = .5;
  options.minibatch_deviation = false;
  ProgressiveGan model(options);
  model.to(torch::kDouble);
  const auto x = pictures(4, 8).x.to(torch::kDouble), made = pictures(4, 8, 9).x.to(torch::kDouble);
  const Growth growth{.level = 1, .alpha = .5};
  Rng rng(5), again(5);
  const auto of_x = model.critic_outputs(x, growth), of_made = model.critic_outputs(made, growth);
  const auto e = again.uniform({4, 1, 1, 1}).to(torch::kDouble);
  const auto between = (e * x + (1 - e) * made).requires_grad_();
  const auto slope =
      torch::autograd::grad({model.critic_outputs(between, growth).sum()}, {between})[0]
          .flatten(1)
          .norm(2, 1);
  const auto wanted =
      of_made.mean() - of_x.mean() + 7 * (slope - 1).square().mean() + .5 * of_x.square().mean();
  EXPECT_NEAR(model.critic_loss(x, made, growth, rng).item<double>(), wanted.item<double>(), 1e-9);
  EXPECT_NEAR(model.generator_loss(made, growth).item<double>(), -of_made.mean().item<double>(),
              1e-12);
}

TEST(ProgressiveGan, TheOtherObjectiveIsTheLogLossWithTheSlopeAtData) {
  torch::manual_seed(2);
  auto options = small();
  options.objective = GrowingObjective::nonsaturating;
  options.r1 = 3;
  options.minibatch_deviation = false;
  ProgressiveGan model(options);
  model.to(torch::kDouble);
  const auto x = pictures(4, 4).x.to(torch::kDouble).requires_grad_(),
             made = pictures(4, 4, 9).x.to(torch::kDouble);
  const Growth growth{};
  const auto of_x = model.critic_outputs(x, growth), of_made = model.critic_outputs(made, growth);
  const auto slope = torch::autograd::grad({of_x.sum()}, {x}, {}, true)[0];
  const auto wanted = torch::softplus(-of_x).mean() + torch::softplus(of_made).mean() +
                      3 * slope.square().sum() / 4 / 2;
  Rng rng(5);
  EXPECT_NEAR(model.critic_loss(x.detach(), made, growth, rng).item<double>(),
              wanted.item<double>(), 1e-12);
  EXPECT_NEAR(model.generator_loss(made, growth).item<double>(),
              torch::softplus(-of_made).mean().item<double>(), 1e-12);
}

// The penalty's gradient goes through a gradient, with the deviation among items, too.
TEST(ProgressiveGan, GradientsOfTheCriticsLossEqualFiniteDifferences) {
  torch::manual_seed(3);
  ProgressiveGan model({.channels = 1, .height = 8, .width = 8, .features = 2, .latent = 2});
  model.to(torch::kDouble);
  const auto x = pictures(4, 8).x.to(torch::kDouble), made = pictures(4, 8, 9).x.to(torch::kDouble);
  const auto critic = model.named_children()["critic"];
  expect_gradients_match(*critic, [&] {
    const torch::AutoGradMode tracked(true);  // the penalty needs a gradient where none is asked
    Rng rng(5);
    return model.critic_loss(x, made, {.level = 1, .alpha = .5}, rng);
  });
}

TEST(ProgressiveGan, EachPlayerDrawsItsOwnCodes) {
  torch::manual_seed(4);
  ProgressiveGan model(small());
  Rng rng(1), by_hand(1);
  const auto batch = pictures(4);
  model.begin_round(batch, rng);
  const auto players = model.players();
  players[0].objective(batch, rng);
  const auto loss = players[1].objective(batch, rng).loss;
  model.sample_prior(4, by_hand);
  by_hand.uniform({4, 1, 1, 1});
  const auto made = model.generate(model.sample_prior(4, by_hand), {});
  EXPECT_EQ(loss.item<float>(), model.generator_loss(made, {}).item<float>());
  EXPECT_FALSE(players[0].averaged);
}

TEST(ProgressiveGan, MovesByTheAuthorsAdam) {
  ProgressiveGan model(small());
  for (const auto& player : model.players()) {
    EXPECT_EQ(player.optimizer.kind, OptimizerKind::adam);
    EXPECT_EQ(player.optimizer.learning_rate, 1e-3);
    EXPECT_EQ(player.optimizer.beta1, 0);
    EXPECT_EQ(player.optimizer.beta2, .99);
    EXPECT_EQ(player.optimizer.epsilon, 1e-8);
    EXPECT_EQ(player.turns, 1);
  }
}

// ---- Use

TEST(ProgressiveGan, ACriticOfSingleItemsCanJudgeThem) {
  torch::manual_seed(4);
  torch::NoGradGuard no_grad;
  const auto batch = pictures(3);
  EXPECT_NE(message_of([&] {
              ProgressiveGan(small()).realness_logits(batch);
            }).find("--minibatch-deviation=false"),
            std::string::npos);
  auto options = small();
  options.minibatch_deviation = false;
  ProgressiveGan model(options);
  const auto all = model.realness_logits(batch);
  for (std::int64_t i = 0; i < 3; ++i)
    EXPECT_NEAR(model.realness_logits({batch.x.slice(0, i, i + 1), {}}).item<double>(),
                all[i].item<double>(), 1e-5);
}

TEST(ProgressiveGan, RefusesWhatItCannotGrowTo) {
  const auto refusal = [](ProgressiveGanOptions options) {
    return message_of([&] { ProgressiveGan model(options); });
  };
  const std::string sizes =
      "[progressive_gan] needs square images whose side is 4, 5, 6 or 7 doubled some times, as 28, "
      "32, 48 or 64, from 8 to 1024, got ";
  const auto of_size = [&](std::int64_t height, std::int64_t width) {
    auto options = small();
    options.height = height, options.width = width;
    return refusal(options);
  };
  for (const auto& [height, width] :
       {std::pair{30, 30}, {36, 36}, {4, 4}, {7, 7}, {2048, 2048}, {32, 16}, {0, 0}})
    EXPECT_EQ(of_size(height, width).find(sizes), 0U) << height;
  for (const std::int64_t side : {8, 10, 12, 14, 28, 96})
    EXPECT_EQ(of_size(side, side), "nothing was thrown");
  EXPECT_EQ(
      refusal({.channels = 0}),
      "[progressive_gan] needs images, got a table; use images:DIR,size=32, digits or shapes");
  auto options = small();
  options.r1 = 1;
  EXPECT_EQ(refusal(options),
            "[progressive_gan.r1] belongs to objective nonsaturating; leave it "
            "out, or set penalty");
  options.objective = GrowingObjective::nonsaturating;
  options.drift = 1;
  EXPECT_EQ(refusal(options),
            "[progressive_gan.drift] belongs to objective wasserstein_gp; leave "
            "it out, or set r1");
}

}  // namespace
}  // namespace kiln
