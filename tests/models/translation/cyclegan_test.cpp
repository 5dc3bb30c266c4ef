#include "kiln/models/translation/cyclegan.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/metrics/likelihood.h"
#include "tests/support/descent.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

CycleganOptions small(std::int64_t channels_b = 1) {
  return {.channels = 1,
          .height = 16,
          .width = 16,
          .channels_b = channels_b,
          .filters = 3,
          .blocks = 1,
          .critic_filters = 3,
          .pool = 0};
}

Batch pictures(std::int64_t count, std::int64_t channels_b = 1) {
  Rng rng(3);
  Batch batch(rng.uniform({count, 1, 16, 16}) * 2 - 1);
  batch.more["b"] = rng.uniform({count, channels_b, 16, 16}) * 2 - 1;
  return batch;
}

// A picture and one of the model's networks, by its name.
Tensor through(Cyclegan& model, const std::string& network, const Tensor& x) {
  if (network == "a_to_b") return model.a_to_b(x);
  if (network == "b_to_a") return model.b_to_a(x);
  for (const auto& child : model.named_children())
    if (child.key() == network)
      return std::dynamic_pointer_cast<torch::nn::SequentialImpl>(child.value())->forward(x);
  throw std::runtime_error("no network " + network);
}

double mean_square(const Tensor& x) { return x.square().mean().item<double>(); }
double mean_distance(const Tensor& x, const Tensor& y) {
  return (x - y).abs().mean().item<double>();
}

double loss_of(Cyclegan& model, int player, const Batch& batch, std::uint64_t seed = 1) {
  Rng rng(seed);
  model.begin_round(batch, rng);
  return model.players()[static_cast<std::size_t>(player)]
      .objective(batch, rng)
      .loss.item<double>();
}

TEST(Cyclegan, LossesAreThoseOfThePaper) {
  for (const bool identity : {true, false}) {
    torch::manual_seed(1);
    Cyclegan model(small(identity ? 1 : 2));
    const auto batch = pictures(3, identity ? 1 : 2);
    torch::NoGradGuard no_grad;
    const auto &a = batch.x, &b = batch.at("b");
    const auto made_b = through(model, "a_to_b", a), made_a = through(model, "b_to_a", b);
    const double adversarial = mean_square(through(model, "critic_b", made_b) - 1) +
                               mean_square(through(model, "critic_a", made_a) - 1);
    const double cycle = mean_distance(a, through(model, "b_to_a", made_b)) +
                         mean_distance(b, through(model, "a_to_b", made_a));
    const double kept = identity ? mean_distance(b, through(model, "a_to_b", b)) +
                                       mean_distance(a, through(model, "b_to_a", a))
                                 : 0;
    EXPECT_NEAR(loss_of(model, 0, batch), adversarial + 10 * cycle + 5 * kept, 1e-4);
    EXPECT_NEAR(loss_of(model, 1, batch),
                (mean_square(through(model, "critic_a", a) - 1) +
                 mean_square(through(model, "critic_a", made_a))) /
                    2,
                1e-5);
    EXPECT_NEAR(loss_of(model, 2, batch),
                (mean_square(through(model, "critic_b", b) - 1) +
                 mean_square(through(model, "critic_b", made_b))) /
                    2,
                1e-5);
  }
}

// Outputs of 1/2 cost a critic (1/4 + 1/4) / 2.
TEST(Cyclegan, AnUndecidedCriticCostsAQuarter) {
  Cyclegan model(small());
  {
    torch::NoGradGuard no_grad;
    for (const auto& entry : model.named_parameters())
      if (entry.key().starts_with("critic_")) {
        entry.value().zero_();
        if (entry.key().ends_with("bias") && entry.value().numel() == 1) entry.value().fill_(.5);
      }
  }
  EXPECT_NEAR(loss_of(model, 1, pictures(2)), .25, 1e-6);
  EXPECT_NEAR(loss_of(model, 2, pictures(2)), .25, 1e-6);
}

// A generator turns all its pictures into one number: what comes back is that number's picture.
TEST(Cyclegan, ACycleErrorIsAShareOfTheRange) {
  Cyclegan model(small());
  {
    torch::NoGradGuard no_grad;
    for (auto& p : model.parameters()) p.zero_();  // tanh(0)
  }
  Batch batch(torch::zeros({2, 1, 16, 16}));
  batch.x[0].fill_(1), batch.x[1].fill_(-.5);
  batch.more["b"] = torch::full({2, 1, 16, 16}, .3);
  Rng rng(1);
  const auto there = cycle_errors(model, batch, "a2b", rng);
  EXPECT_NEAR(there[0].item<double>(), .5, 1e-6);
  EXPECT_NEAR(there[1].item<double>(), .25, 1e-6);
  EXPECT_NEAR(cycle_errors(model, batch, "b2a", rng)[0].item<double>(), .15, 1e-6);
  EXPECT_NEAR(copy_errors(model, batch, "a2b", rng)[0].item<double>(), .35, 1e-6);
  EXPECT_NEAR(copy_errors(model, batch, "b2a", rng)[1].item<double>(), .4, 1e-6);
  EXPECT_NEAR(translation_errors(model, batch, "b2a", rng)[0].item<double>(), .5, 1e-6);
  EXPECT_NEAR(translation_errors(model, batch, "a2b", rng)[0].item<double>(), .15, 1e-6);
  EXPECT_EQ(message_of<ConfigError>([&] { translation_errors(model, batch.x, "a2b", rng); }),
            "[metric] translation_error needs pairs, and the data have no part b; use "
            "pairs:DIR_A,b=DIR_B or shapes:pair=outline");
}

TEST(Cyclegan, ACycleGoesThereAndBackAgain) {
  torch::manual_seed(2);
  Cyclegan model(small());
  {
    torch::NoGradGuard no_grad;
    for (auto& p : model.parameters()) p.add_(torch::randn_like(p));
  }
  const auto batch = pictures(3);
  Rng rng(1);
  const auto by_hand = [](const Tensor& x, const Tensor& back) {
    return (x - back).abs().flatten(1).mean(1) / 2;
  };
  const auto &a = batch.x, &b = batch.at("b");
  EXPECT_TRUE(torch::allclose(cycle_errors(model, batch, "a2b", rng),
                              by_hand(a, model.b_to_a(model.a_to_b(a)))));
  EXPECT_TRUE(torch::allclose(cycle_errors(model, batch, "b2a", rng),
                              by_hand(b, model.a_to_b(model.b_to_a(b)))));
}

TEST(Cyclegan, TheCriticsSeeMadePicturesByWayOfThePool) {
  auto options = small();
  options.pool = 2;
  Cyclegan model(options);
  const auto first = pictures(2);
  auto second = pictures(2);
  second.x = -second.x;
  loss_of(model, 2, first);
  const auto held = model.named_buffers()["pool_b.pictures"].clone();
  EXPECT_TRUE(torch::equal(held, model.a_to_b(first.x).detach()));
  EXPECT_EQ(model.named_buffers()["pool_a.held"].item<std::int64_t>(), 0) << "not its turn";
  double differs = 0;
  for (std::uint64_t seed = 1; seed < 6; ++seed) {
    torch::NoGradGuard no_grad;
    model.named_buffers()["pool_b.pictures"].copy_(held);
    const double without = (mean_square(through(model, "critic_b", second.at("b")) - 1) +
                            mean_square(through(model, "critic_b", model.a_to_b(second.x)))) /
                           2;
    differs += std::abs(loss_of(model, 2, second, seed) - without) > 1e-7;
  }
  EXPECT_GT(differs, 0);
}

// Pictures of b have less contrast and are darker; which belongs to which is never said.  Of
// eight seeds none comes to more than 0.35 of the error of a copy; at half the rate some come to
// 0.8: a game is chaotic, and another processor's rounding is as another seed.
TEST(Cyclegan, LearnsFromPicturesThatNobodyPaired) {
  torch::manual_seed(6);
  auto options = small();
  options.network = TranslationNetwork::unet;
  options.blocks.reset();
  Cyclegan model(options);
  Rng rng(2);
  const auto squares = [&] {
    auto x = torch::full({8, 1, 16, 16}, -.8);
    const auto at = rng.integers(8, {8, 2});
    for (std::int64_t i = 0; i < 8; ++i)
      x[i][0]
          .narrow(0, at[i][0].item<std::int64_t>(), 8)
          .narrow(1, at[i][1].item<std::int64_t>(), 8)
          .fill_(.8);
    return x;
  };
  const auto dim = [](const Tensor& x) { return .3 * x - .4; };
  Batch pairs(squares());
  pairs.more["b"] = dim(pairs.x);
  const auto errors = [&](auto of, const char* direction) {
    return of(model, pairs, direction, rng).mean().template item<double>();
  };
  const auto players = model.players();
  Descent generators(players[0], 8e-3, 450), of_a(players[1], 8e-3, 450),
      of_b(players[2], 8e-3, 450);
  while (generators.more()) {
    Batch batch(squares());
    batch.more["b"] = dim(squares());
    model.begin_round(batch, rng);
    generators.step(players[0].objective(batch, rng).loss);
    of_a.step(players[1].objective(batch, rng).loss);
    of_b.step(players[2].objective(batch, rng).loss);
  }
  for (const auto* direction : {"a2b", "b2a"})
    EXPECT_LT(errors(translation_errors, direction), .5 * errors(copy_errors, direction))
        << direction;
}

TEST(Cyclegan, ShowsBothWaysThereAndBack) {
  Cyclegan model(small(2));
  const auto batch = pictures(3, 2);
  Rng rng(1);
  const auto rows = model.preview(batch, rng);
  ASSERT_EQ(rows.size(), 6U);
  EXPECT_TRUE(torch::equal(rows[0], batch.x));
  EXPECT_TRUE(torch::equal(rows[1], model.translate(batch.x, "a2b", rng)));
  EXPECT_TRUE(torch::equal(rows[2], model.translate(rows[1], "b2a", rng)));
  EXPECT_TRUE(torch::equal(rows[3], batch.at("b")));
  EXPECT_TRUE(torch::equal(rows[5], model.translate(rows[4], "a2b", rng)));
}

TEST(Cyclegan, AveragesTheGeneratorsOnlyAndKeepsThePoolsForTraining) {
  Cyclegan model(small());
  for (const auto& player : model.players())
    EXPECT_EQ(player.averaged, player.name == "generators") << player.name;
  EXPECT_EQ(model.training_buffers(), (std::vector<std::string>{"pool_a", "pool_b"}));
}

TEST(Cyclegan, RefusesWhatItCannotDo) {
  auto options = small(2);
  options.identity = .5;
  EXPECT_EQ(message_of<ConfigError>([&] { Cyclegan{options}; }),
            "[cyclegan.identity] pictures of 1 channels cannot be compared with pictures of 2; "
            "leave it out");
  options = small();
  options.halvings = 2;
  EXPECT_EQ(message_of<ConfigError>([&] { Cyclegan{options}; }),
            "[cyclegan.halvings] belongs to --network unet");
  options = small();
  options.network = TranslationNetwork::unet;
  EXPECT_EQ(message_of<ConfigError>([&] { Cyclegan{options}; }),
            "[cyclegan.blocks] belongs to --network residual");
  options.blocks.reset();
  options.height = 18;
  EXPECT_EQ(message_of<ConfigError>([&] { Cyclegan{options}; }),
            "[cyclegan.halvings] sides of 18 x 16 cannot be halved 2 times; take sides that a "
            "higher power of 2 divides, as size=64");
  options = small();
  options.patch_halvings = 3;
  EXPECT_EQ(
      message_of<ConfigError>([&] { Cyclegan{options}; }),
      "[cyclegan.patch_halvings] 3 halvings leave nothing of pictures of 16 x 16; take fewer, "
      "or larger pictures");
  Cyclegan model(small());
  Rng rng(1);
  EXPECT_EQ(message_of<ConfigError>([&] {
              model.translate(torch::zeros({1, 1, 16, 16}), "back", rng);
            }),
            "[translate] the model goes a2b and b2a, got 'back'");
  EXPECT_THROW(model.begin_round(torch::zeros({1, 1, 16, 16}), rng), ShapeError);
}

TEST(Cyclegan, TakesItsSizesFromThePictures) {
  const auto halvings = [](std::int64_t side) {
    return CycleganOptions{.height = side, .width = side}.critic_halvings();
  };
  EXPECT_EQ(halvings(16), 1);
  EXPECT_EQ(halvings(32), 1);
  EXPECT_EQ(halvings(64), 2);
  EXPECT_EQ(halvings(128), 3);
  EXPECT_EQ((CycleganOptions{.height = 256, .width = 256}.residual_blocks()), 9);
  EXPECT_EQ((CycleganOptions{.height = 128, .width = 256}.residual_blocks()), 6);
}

}  // namespace
}  // namespace kiln
