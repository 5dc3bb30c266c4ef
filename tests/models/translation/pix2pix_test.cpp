#include "kiln/models/translation/pix2pix.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "kiln/metrics/likelihood.h"
#include "kiln/nn/code_critic.h"
#include "tests/support/descent.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

Pix2pixOptions small(PairDirection direction = PairDirection::a2b) {
  return {.channels = 1,
          .height = 16,
          .width = 16,
          .channels_b = 2,
          .direction = direction,
          .filters = 4,
          .patch_halvings = 1,
          .dropout = 0};
}

Batch pairs(std::int64_t count) {
  Rng rng(3);
  Batch batch(rng.uniform({count, 1, 16, 16}) * 2 - 1);
  batch.more["b"] = torch::cat({-batch.x, batch.x * batch.x}, 1);
  return batch;
}

const Player& player_of(const std::vector<Player>& players, const std::string& name) {
  for (const auto& player : players)
    if (player.name == name) return player;
  throw std::runtime_error("no player " + name);
}

TEST(Pix2pix, LossesAreThoseOfThePaper) {
  Pix2pix model(small());
  const auto batch = pairs(3);
  Rng rng(1);
  model.begin_round(batch, rng);
  Rng again(1);
  const auto fake = model.generate(batch.x, again).detach();
  const auto players = model.players();
  const auto real = model.critic_logits(batch.x, batch.at("b"));
  const auto of_fake = model.critic_logits(batch.x, fake);
  EXPECT_NEAR(player_of(players, "critic").objective(batch, rng).loss.item<double>(),
              critic_log_loss(real, of_fake).item<double>() / 2, 1e-5);
  const auto distance = (batch.at("b") - fake).abs().mean().item<double>();
  EXPECT_NEAR(player_of(players, "generator").objective(batch, rng).loss.item<double>(),
              non_saturating_loss(of_fake).item<double>() + 100 * distance, 1e-3);
}

// At log-odds of 0 the critic's loss is ln 2 and so is the generator's.
TEST(Pix2pix, AnUndecidedCriticCostsLn2) {
  Pix2pix model(small());
  {
    torch::NoGradGuard no_grad;
    for (const auto& entry : model.named_parameters())
      if (entry.key().starts_with("critic.")) entry.value().zero_();
  }
  const auto batch = pairs(2);
  Rng rng(1);
  model.begin_round(batch, rng);
  const auto players = model.players();
  EXPECT_NEAR(player_of(players, "critic").objective(batch, rng).loss.item<double>(), std::log(2.),
              1e-6);
  const auto objective = player_of(players, "generator").objective(batch, rng);
  EXPECT_NEAR(objective.log[0].second.item<double>(), std::log(2.), 1e-6);
}

TEST(Pix2pix, TheCriticSeesWhatTheTargetBelongsTo) {
  Pix2pix model(small());
  const auto batch = pairs(2);
  const auto own = model.critic_logits(batch.x, batch.at("b"));
  EXPECT_FALSE(torch::allclose(own, model.critic_logits(batch.x.flip(0), batch.at("b"))));
  EXPECT_EQ(own.sizes(), (at::IntArrayRef{2, 1, 6, 6}));
}

// Dropout off and lambda large: the net learns a map of single pixels.
TEST(Pix2pix, LearnsAMapInBothDirections) {
  for (const auto direction : {PairDirection::a2b, PairDirection::b2a}) {
    torch::manual_seed(4);
    Pix2pix model(small(direction));
    const auto batch = pairs(8);
    Rng rng(2);
    const auto error = [&] {
      return translation_errors(model, batch, model.directions().front(), rng)
          .mean()
          .item<double>();
    };
    const double before = error();
    const auto players = model.players();
    Descent critic(players[0], 2e-3, 150), generator(players[1], 2e-3, 150);
    while (critic.more()) {
      model.begin_round(batch, rng);
      critic.step(players[0].objective(batch, rng).loss);
      generator.step(players[1].objective(batch, rng).loss);
    }
    EXPECT_LT(error(), 0.6 * before) << enum_name(direction);
  }
}

TEST(Pix2pix, TranslationErrorsAreSharesOfTheRange) {
  Pix2pix model(small());
  {
    torch::NoGradGuard no_grad;
    for (auto& p : model.parameters()) p.zero_();  // tanh(0)
  }
  Batch batch(torch::zeros({2, 1, 16, 16}));
  batch.more["b"] = torch::ones({2, 2, 16, 16});
  batch.more["b"][1].fill_(-.5);
  Rng rng(1);
  const auto errors = translation_errors(model, batch, model.directions().front(), rng);
  EXPECT_NEAR(errors[0].item<double>(), .5, 1e-6);
  EXPECT_NEAR(errors[1].item<double>(), .25, 1e-6);
}

TEST(Pix2pix, RefusesWhatItCannotDo) {
  Pix2pix model(small());
  Rng rng(1);
  EXPECT_EQ(message_of<ConfigError>([&] {
              model.translate(torch::zeros({1, 1, 16, 16}), "b2a", rng);
            }),
            "[translate] the model goes a2b, got 'b2a'");
  EXPECT_THROW(model.translate(torch::zeros({1, 3, 16, 16}), "a2b", rng), ShapeError);
  EXPECT_EQ(message_of<ShapeError>([&] {
              model.begin_round(torch::zeros({1, 1, 16, 16}), rng),
                  model.players()[0].objective(torch::zeros({1, 1, 16, 16}), rng);
            }),
            "[batch] has no part 'b'; it has: x");
  auto odd = small();
  odd.height = 30, odd.width = 30;
  EXPECT_NE(message_of<ConfigError>([&] { Pix2pix{odd}; }).find("cannot be halved"),
            std::string::npos);
  auto deep = small();
  deep.patch_halvings = 4;
  EXPECT_NE(message_of<ConfigError>([&] { Pix2pix{deep}; }).find("leave nothing"),
            std::string::npos);
}

}  // namespace
}  // namespace kiln
