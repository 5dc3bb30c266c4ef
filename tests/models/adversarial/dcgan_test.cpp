#include "kiln/models/adversarial/dcgan.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <map>

#include "tests/support/refusal.h"

namespace kiln {
namespace {

const DcganOptions kTiny{.latent = 4, .filters = 2};

std::shared_ptr<Dcgan> seeded(const DcganOptions& options) {
  Rng rng(1, "init");
  Rng::Scope scope(rng);
  return std::make_shared<Dcgan>(options);
}

Batch grey_batch(std::int64_t count, std::uint64_t seed = 3) {
  return {2 * Rng(seed).uniform({count, 1, 28, 28}) - 1, {}};
}

std::vector<Tensor> tensors(const std::vector<NamedTensor>& named) {
  std::vector<Tensor> list;
  for (const auto& entry : named) list.push_back(entry.tensor);
  return list;
}

std::vector<Tensor> copies(const std::vector<Tensor>& list) {
  std::vector<Tensor> result;
  for (const auto& t : list) result.push_back(t.detach().clone());
  return result;
}

bool equal(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!torch::equal(a[i], b[i])) return false;
  return true;
}

// ---- Values known by hand

TEST(Dcgan, LossesOfAnUndecidedCriticAreMultiplesOfLog2) {
  const auto zero = torch::zeros({5}, torch::kDouble);
  EXPECT_DOUBLE_EQ(Dcgan::critic_loss(zero, zero).item<double>(), 2 * std::log(2.0));
  EXPECT_DOUBLE_EQ(Dcgan::generator_loss(zero).item<double>(), std::log(2.0));
}

TEST(Dcgan, LossesAreTheLogsOfTheProbabilities) {
  const auto real = torch::tensor({.3, -2.0}, torch::kDouble);
  const auto fake = torch::tensor({1.1, -.7, 4.0}, torch::kDouble);
  const auto wanted =
      -torch::log(torch::sigmoid(real)).mean() - torch::log(1 - torch::sigmoid(fake)).mean();
  EXPECT_NEAR(Dcgan::critic_loss(real, fake).item<double>(), wanted.item<double>(), 1e-14);
  EXPECT_NEAR(Dcgan::generator_loss(fake).item<double>(),
              -torch::log(torch::sigmoid(fake)).mean().item<double>(), 1e-14);
}

// d(-log D)/da = D - 1: it stays near -1 where the critic is sure, unlike d log(1 - D)/da = -D.
TEST(Dcgan, GeneratorLearnsMostWhereTheCriticIsSure) {
  const auto logits = torch::tensor({-40.0, -3.0, 0.0, 5.0}, torch::kDouble).requires_grad_();
  const auto slope = torch::autograd::grad({Dcgan::generator_loss(logits)}, {logits})[0];
  EXPECT_TRUE(torch::allclose(slope, (torch::sigmoid(logits.detach()) - 1) / 4, 1e-14, 1e-16));
  EXPECT_NEAR(slope[0].item<double>(), -.25, 1e-15);
}

TEST(Dcgan, HasThePublishedNumberOfParameters) {
  const auto gan = seeded({.channels = 3, .height = 64, .width = 64, .filters = 64});
  const std::map<std::string, std::int64_t> wanted{{"critic", 2765568}, {"generator", 3576704}};
  for (const auto& player : gan->players()) {
    std::int64_t count = 0;
    for (const auto& p : player.parameters) count += p.tensor.numel();
    EXPECT_EQ(count, wanted.at(player.name)) << player.name;
  }
}

TEST(Dcgan, WeightsStartFromTheLawOfThePaper) {
  const auto gan = seeded({.channels = 3, .height = 64, .width = 64, .filters = 16});
  for (const auto& entry : gan->named_parameters()) {
    const auto& p = entry.value();
    const auto n = double(p.numel());
    const bool scale = p.dim() == 1 && entry.key().ends_with("weight");
    if (p.dim() == 1 && !scale) {
      EXPECT_EQ(p.abs().max().item<double>(), 0) << entry.key();
      continue;
    }
    EXPECT_NEAR(p.mean().item<double>(), scale ? 1 : 0, 5 * .02 / std::sqrt(n)) << entry.key();
    EXPECT_NEAR(p.std().item<double>(), .02, 5 * .02 / std::sqrt(2 * n)) << entry.key();
  }
}

// ---- Shapes

TEST(Dcgan, MakesAndJudgesEverySize) {
  for (const std::int64_t size : {28, 32, 64}) {
    const auto gan =
        seeded({.channels = 3, .height = size, .width = size, .latent = 5, .filters = 2});
    Rng rng(1);
    const auto x = gan->sample({.count = 3}, rng);
    EXPECT_EQ(x.sizes(), (at::IntArrayRef{3, 3, size, size}));
    EXPECT_LE(x.abs().max().item<float>(), 1);
    EXPECT_FALSE(x.requires_grad());
    EXPECT_EQ(gan->realness_logits(x).sizes(), (at::IntArrayRef{3}));
    EXPECT_EQ(gan->critic_logits(x.contiguous(torch::MemoryFormat::ChannelsLast)).sizes(),
              (at::IntArrayRef{3}));
  }
}

// ---- The game

// Directional derivatives of the losses, (f(p + h v) - f(p - h v)) / 2h with h = 1e-6, float64.
TEST(Dcgan, GradientsOfBothTurnsEqualFiniteDifferences) {
  const auto gan = seeded(kTiny);
  gan->to(torch::kDouble);
  Batch batch = grey_batch(3);
  batch.x = batch.x.to(torch::kDouble);
  Rng directions(9);
  for (const auto& player : gan->players()) {
    const auto loss = [&] {
      Rng rng(2);
      gan->begin_round(batch, rng);
      return player.objective(batch, rng).loss;
    };
    auto parameters = tensors(player.parameters);
    const auto slopes = torch::autograd::grad({loss()}, parameters);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      torch::NoGradGuard no_grad;
      const auto v = directions.normal(parameters[i].sizes()).to(torch::kDouble);
      const auto at = [&](double h) {
        parameters[i].add_(v, h);
        const auto value = loss().item<double>();
        parameters[i].sub_(v, h);
        return value;
      };
      const auto wanted = (slopes[i] * v).sum().item<double>();
      EXPECT_NEAR((at(1e-6) - at(-1e-6)) / 2e-6, wanted, 1e-6 * std::max(1.0, std::abs(wanted)))
          << player.parameters[i].name;
    }
  }
}

TEST(Dcgan, CriticsTurnHasNoPathToTheGenerator) {
  const auto gan = seeded(kTiny);
  const auto batch = grey_batch(4);
  const auto players = gan->players();
  ASSERT_EQ(players[0].name, "critic");
  Rng rng(2);
  gan->begin_round(batch, rng);
  const auto slopes = torch::autograd::grad({players[0].objective(batch, rng).loss},
                                            tensors(players[1].parameters), {}, true, false, true);
  for (const auto& slope : slopes) EXPECT_FALSE(slope.defined());
}

TEST(Dcgan, GeneratorsTurnReachesItsWeightsAndLeavesTheCriticsGradientsAlone) {
  const auto gan = seeded(kTiny);
  const auto batch = grey_batch(4);
  const auto players = gan->players();
  Rng rng(2);
  gan->begin_round(batch, rng);
  const auto slopes = torch::autograd::grad({players[1].objective(batch, rng).loss},
                                            tensors(players[1].parameters));
  for (const auto& slope : slopes) EXPECT_GT(slope.abs().max().item<float>(), 0);
  for (const auto& p : gan->parameters()) EXPECT_FALSE(p.grad().defined());
}

TEST(Dcgan, EveryParameterBelongsToOnePlayer) {
  const auto gan = seeded(kTiny);
  const auto players = gan->players();
  EXPECT_EQ(players[0].parameters.size() + players[1].parameters.size(), gan->parameters().size());
  for (const auto& player : players)
    for (const auto& p : player.parameters) EXPECT_TRUE(p.name.starts_with(player.name + "."));
}

// One round as the trainer plays it: each player moves its own weights by Adam.
struct Referee {
  explicit Referee(Dcgan& gan, double haste = 1) : game(gan), players(gan.players()) {
    for (const auto& player : players)
      optimizers.push_back(std::make_unique<torch::optim::Adam>(
          tensors(player.parameters),
          torch::optim::AdamOptions(haste * player.optimizer.learning_rate)
              .betas({player.optimizer.beta1, player.optimizer.beta2})));
  }

  void round(const Batch& batch, Rng& rng) {
    game.begin_round(batch, rng);
    for (std::size_t i = 0; i < players.size(); ++i) {
      auto parameters = tensors(players[i].parameters);
      const auto slopes =
          torch::autograd::grad({players[i].objective(batch, rng).loss}, parameters);
      for (std::size_t j = 0; j < slopes.size(); ++j) parameters[j].mutable_grad() = slopes[j];
      optimizers[i]->step();
    }
  }

  Dcgan& game;
  std::vector<Player> players;
  std::vector<std::unique_ptr<torch::optim::Adam>> optimizers;
};

TEST(Dcgan, StaysFiniteAndRepeatsItselfBitForBit) {
  const auto run = [] {
    const auto gan = seeded(kTiny);
    Referee referee(*gan);
    Rng rng(4);
    for (std::uint64_t step = 0; step < 50; ++step) referee.round(grey_batch(8, step), rng);
    return copies(gan->parameters());
  };
  const auto first = run();
  for (const auto& p : first) EXPECT_TRUE(p.isfinite().all().item<bool>());
  EXPECT_FALSE(equal(first, copies(seeded(kTiny)->parameters())));
  EXPECT_TRUE(equal(first, run()));
}

// Data are flat images of one grey level, .5: samples drawn with running statistics find it.
TEST(Dcgan, SamplesFollowTheDataAfterAShortGame) {
  const auto gan = seeded({.latent = 4, .filters = 4});
  Referee referee(*gan, 5);
  Rng rng(4);
  const Batch batch{torch::full({16, 1, 28, 28}, .5f), {}};
  for (int step = 0; step < 150; ++step) referee.round(batch, rng);
  torch::NoGradGuard no_grad;
  const auto z = gan->sample_prior(256, rng);
  const auto by_running_statistics = gan->decode_mean(z), by_batch_statistics = gan->generate(z);
  EXPECT_NEAR(by_running_statistics.mean().item<double>(), .5, .25);
  EXPECT_LT((by_running_statistics - by_batch_statistics).abs().mean().item<double>(), .05);
}

// ---- Batch normalisation

TEST(Dcgan, RunningStatisticsMoveInTrainingOnly) {
  const auto gan = seeded(kTiny);
  const auto batch = grey_batch(4);
  const auto start = copies(gan->buffers());
  Rng rng(2);
  gan->sample({.count = 3}, rng);
  gan->decode_mean(torch::ones({2, 4}));
  gan->realness_logits(batch.x);
  EXPECT_TRUE(equal(gan->buffers(), start));
  EXPECT_TRUE(gan->is_training());

  gan->begin_round(batch, rng);
  for (const auto& player : gan->players()) player.objective(batch, rng);
  for (std::size_t i = 0; i < start.size(); ++i)
    EXPECT_FALSE(torch::equal(gan->buffers()[i], start[i]));
}

// So a picture between two codes begins and ends exactly at their own pictures.
TEST(Dcgan, APictureDoesNotDependOnItsCompanions) {
  const auto gan = seeded(kTiny);
  Rng rng(2);
  gan->begin_round(grey_batch(4), rng);  // moves the statistics off their start
  torch::NoGradGuard no_grad;
  const auto z = gan->sample_prior(2, rng);
  const auto t = torch::linspace(0, 1, 5).unsqueeze(1);
  const auto path = gan->decode_mean((1 - t) * z[0] + t * z[1]);
  EXPECT_TRUE(torch::allclose(path[0], gan->decode_mean(z)[0], 0, 1e-6));
  EXPECT_TRUE(torch::allclose(path[4], gan->decode_mean(z.narrow(0, 1, 1))[0], 0, 1e-6));
  EXPECT_GT((path[2] - path[0]).abs().max().item<float>(), 1e-4);
}

TEST(Dcgan, TemperatureScalesTheCode) {
  const auto gan = seeded(kTiny);
  Rng rng(5), again(5);
  const auto z = gan->sample_prior(2, again);
  torch::NoGradGuard no_grad;
  EXPECT_TRUE(torch::equal(gan->sample({.count = 2, .temperature = .5}, rng),
                           gan->decode_mean(std::sqrt(.5) * z)));
}

TEST(Dcgan, DrawsNothingFromTheDefaultGenerator) {
  const auto gan = seeded(kTiny);
  torch::manual_seed(1);
  const auto expected = torch::rand({3});
  torch::manual_seed(1);
  Rng rng(1);
  gan->sample({.count = 2}, rng);
  Referee(*gan).round(grey_batch(2), rng);
  EXPECT_TRUE(torch::equal(torch::rand({3}), expected));
}

// ---- Refusals

TEST(Dcgan, RefusesImagesItHasNoNetworkFor) {
  EXPECT_EQ(message_of([] { Dcgan({.height = 48, .width = 64}); }),
            "[dcgan] images must be 28, 32 or 64 pixels square, got 48x64; pictures of a "
            "folder are rescaled by images:DIR,size=32, and `gan` takes other sizes");
  EXPECT_EQ(message_of([] { Dcgan({.channels = 0, .height = 0, .width = 0}); }),
            "[dcgan] needs images, got a table; use images:DIR,size=32, digits or shapes");
  EXPECT_EQ(message_of([] { Dcgan({.filters = 0}); }),
            "[dcgan.filters] must be between 1 and 512, got 0");
}

TEST(Dcgan, RefusesCallsThatDoNotFit) {
  const auto gan = seeded(kTiny);
  Rng rng(1);
  EXPECT_EQ(message_of([&] {
              gan->decode_mean(torch::ones({2, 5}));
            }),
            "[dcgan.generate] z must have shape [*, 4], got [2, 5]");
  EXPECT_EQ(message_of([&] {
              gan->realness_logits(torch::ones({2, 1, 32, 32}));
            }),
            "[dcgan.critic_logits] x must have shape [*, 1, 28, 28], got [2, 1, 32, 32]");
  EXPECT_EQ(message_of([&] { gan->sample({.count = 1, .given = Given::of_class(2)}, rng); }),
            "[sample] the model has no classes, got label 2; leave it out");
  EXPECT_TRUE(gan->is_training());  // a refusal inside an evaluation leaves the mode as it was
}

}  // namespace
}  // namespace kiln
