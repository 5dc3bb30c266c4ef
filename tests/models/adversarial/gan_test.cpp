#include "kiln/models/adversarial/gan.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "kiln/core/error.h"
#include "kiln/core/torch_compat.h"
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
  return torch::autograd::grad({loss}, weights, {}, kNone, false, true);
}

TEST(Gan, CriticLossIsTheObjectivesWithItsPenalties) {
  const auto real = plane(8), fake = plane(8, 6) - 3;
  Rng rng(1);
  const auto plain = seeded({});
  EXPECT_TRUE(torch::equal(
      plain->critic_loss({real, {}}, fake, rng),
      critic_log_loss(plain->critic_outputs({real, {}}), plain->critic_outputs({fake, {}}))));
  const auto with_r1 = seeded({.r1 = 3});
  const auto at = real.clone().requires_grad_();
  const auto slope = torch::autograd::grad({with_r1->critic_outputs({at, {}}).sum()}, {at})[0];
  EXPECT_NEAR(
      (with_r1->critic_loss({real, {}}, fake, rng) - plain->critic_loss({real, {}}, fake, rng))
          .item<double>(),
      1.5 * slope.square().sum(1).mean().item<double>(), 1e-5);
  const auto without = seeded({.objective = "wasserstein_gp", .penalty = 0});
  EXPECT_NEAR(
      without->critic_loss({real, {}}, fake, rng).item<double>(),
      (without->critic_outputs({fake, {}}).mean() - without->critic_outputs({real, {}}).mean())
          .item<double>(),
      1e-6);
  const auto with = seeded({.objective = "wasserstein_gp", .penalty = 10});
  EXPECT_GT(with->critic_loss({real, {}}, fake, rng).item<double>(),
            without->critic_loss({real, {}}, fake, rng).item<double>() + 1e-3);
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
  const auto ahead = slopes(gan->generator_loss({real, {}}, gan->generate(z)), *gan, 1);
  const auto plain =
      slopes(non_saturating_loss(gan->critic_outputs({gan->generate(z), {}})), *gan, 1);
  for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_TRUE(torch::equal(ahead[i], plain[i]));
}

TEST(Gan, LookingAheadChangesTheGradientAndNotTheCritic) {
  const auto gan = seeded({.unroll = 3, .critic_rate = .05}), plain = seeded({});
  Rng rng(2);
  const auto z = gan->sample_prior(8, rng), real = plane(8);
  std::vector<Tensor> before;
  for (const auto& entry : gan->players()[0].parameters)
    before.push_back(entry.tensor.detach().clone());
  const auto ahead = slopes(gan->generator_loss({real, {}}, gan->generate(z)), *gan, 1);
  const auto now = slopes(plain->generator_loss({real, {}}, plain->generate(z)), *plain, 1);
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
  const auto gradient = slopes(gan->critic_loss({real, {}}, fake, rng), *gan, 0);
  gan->generator_loss({real, {}}, gan->generate(gan->sample_prior(8, rng)));
  const auto buffers = gan->named_buffers();
  EXPECT_EQ(buffers["ahead_held"].item<std::int64_t>(), 1);
  const auto other = seeded({.unroll = 2});
  other->train();
  other->generator_loss({real, {}}, fake.detach().requires_grad_());
  const auto moments = other->named_buffers();
  EXPECT_TRUE(
      torch::allclose(moments["ahead_first_layers_1_weight"], .5 * gradient[2], 1e-4, 1e-7));
  EXPECT_TRUE(torch::allclose(moments["ahead_second_layers_1_weight"], .001 * gradient[2].square(),
                              1e-3, 1e-10));
  other->generator_loss({real, {}}, fake.detach().requires_grad_());  // the same gradient once more
  EXPECT_TRUE(
      torch::allclose(moments["ahead_first_layers_1_weight"], .75 * gradient[2], 1e-4, 1e-7));
  EXPECT_TRUE(torch::allclose(moments["ahead_second_layers_1_weight"],
                              .001 * 1.999 * gradient[2].square(), 1e-3, 1e-10));
  gan->eval();
  gan->generator_loss({real, {}}, gan->generate(gan->sample_prior(8, rng)));
  EXPECT_EQ(gan->named_buffers()["ahead_held"].item<std::int64_t>(), 1);  // not in training
}

TEST(Gan, PacksItemsSideBySide) {
  const auto gan = seeded({.pack = 2});
  const auto x = plane(6);
  EXPECT_EQ(gan->critic_outputs({x, {}}).sizes(), torch::IntArrayRef({3}));
  const auto swapped = torch::cat({x.narrow(0, 4, 2), x.narrow(0, 0, 4)});  // packs change places
  EXPECT_TRUE(
      torch::allclose(gan->critic_outputs({swapped, {}})[1], gan->critic_outputs({x, {}})[0]));
  EXPECT_THROW(gan->critic_outputs({plane(5), {}}), ShapeError);
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
      gan->critic_loss({draw(256, true), {}}, draw(256, false), rng).backward();
      adam.step();
    }
    torch::NoGradGuard no_grad;
    const double measured = (gan->critic_outputs({draw(100000, true), {}}).mean() -
                             gan->critic_outputs({draw(100000, false), {}}).mean())
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

Tensor pictures(std::int64_t count, std::uint64_t seed = 8) {
  Rng rng(seed);
  return rng.uniform({count, 1, 8, 8}) * 2 - 1;
}

GanOptions conv(GanOptions options = {}) {
  options.data_dim = 64, options.channels = 1, options.height = options.width = 8;
  options.network = GanNetwork::conv, options.latent = 3, options.filters = 4;
  return options;
}

TEST(Gan, ConvolutionsTakeEveryObjectiveAndRemedy) {
  const std::vector<GanOptions> all{{.r1 = 1},
                                    {.objective = "hinge", .spectral_norm = true},
                                    {.objective = "wasserstein"},
                                    {.objective = "wasserstein_gp"},
                                    {.objective = "f:kl", .pack = 2},
                                    {.minibatch_deviation = true},
                                    {.augment = "color,translation,cutout"},
                                    {.discriminators = 3, .mix = CriticMix::softmax},
                                    {.unroll = 2}};
  for (const auto& options : all) {
    const auto gan = seeded(conv(options));
    gan->train();
    Rng rng(2);
    const Batch batch{pictures(8), {}};
    gan->begin_round(batch, rng);
    for (auto& player : gan->players()) {
      std::vector<Tensor> weights;
      for (const auto& entry : player.parameters) weights.push_back(entry.tensor);
      const auto loss = player.objective(batch, rng).loss;
      for (const auto& slope : torch::autograd::grad({loss}, weights, {}, true))
        EXPECT_TRUE(slope.isfinite().all().item<bool>()) << options.objective;
    }
    EXPECT_EQ(gan->sample({.count = 3}, rng).sizes(), torch::IntArrayRef({3, 1, 8, 8}));
  }
}

// Batch normalisation by its running statistics: an item's picture is its own.
TEST(Gan, AConvolutionalSampleDoesNotDependOnItsCompanions) {
  const auto gan = seeded(conv());
  gan->train();
  Rng rng(3);
  gan->begin_round({pictures(8), {}}, rng);  // moves the statistics
  const auto codes = gan->sample_prior(4, rng);
  torch::NoGradGuard no_grad;
  EXPECT_TRUE(torch::allclose(gan->decode_mean(codes).narrow(0, 0, 1),
                              gan->decode_mean(codes.narrow(0, 0, 1)), 1e-5, 1e-6));
}

GanOptions of_three_classes(GanOptions options = {}) {
  options.classes = 3, options.condition = Condition::label;
  return options;
}

TEST(Gan, FakesHaveTheClassesOfTheBatch) {
  const auto gan = seeded(of_three_classes());
  Rng rng(4);
  const auto y = torch::tensor({2, 0, 1, 2}, torch::kInt64);
  const auto codes = gan->codes(4, y, rng);
  EXPECT_EQ(gan->code_size(), 67);
  EXPECT_TRUE(torch::equal(codes.narrow(1, 64, 3).argmax(1), y));
  EXPECT_TRUE(torch::equal(codes.narrow(1, 64, 3).sum(1), torch::ones(4)));
  const auto x = gan->sample({.count = 5, .given = Given::of_class(1)}, rng);
  EXPECT_EQ(x.sizes(), torch::IntArrayRef({5, 2}));
  EXPECT_TRUE(torch::equal(gan->sample_prior(4, rng).narrow(1, 64, 3).argmax(1),
                           torch::tensor({0, 1, 2, 0}, torch::kInt64)));
  EXPECT_THROW(gan->sample({.count = 5, .given = Given::of_class(3)}, rng), ConfigError);
  EXPECT_THROW(gan->begin_round({plane(4), {}}, rng), ShapeError);
}

TEST(Gan, TemperatureScalesTheNoiseAndNotTheClass) {
  const auto gan = seeded(of_three_classes());
  Rng rng(4), twin(4);
  auto codes = gan->codes(5, torch::full({5}, 1, torch::kInt64), twin);
  codes.narrow(1, 0, 64).mul_(.5);  // the deviation, of the variance .25
  EXPECT_TRUE(
      torch::equal(gan->sample({.count = 5, .temperature = .25, .given = Given::of_class(1)}, rng),
                   gan->decode_mean(codes)));
}

// A batch of white images would stay white in the eyes of a critic that sees them as they are.
TEST(Gan, BothSidesAreAugmentedBeforeTheCritic) {
  const auto gan =
      seeded({.data_dim = 64, .channels = 1, .height = 8, .width = 8, .augment = "cutout"});
  Rng rng(4), twin(4);
  const Batch batch{torch::ones({6, 1, 8, 8}), {}};
  gan->begin_round(batch, rng);
  const auto fake = gan->decode_mean(gan->codes(6, {}, twin));
  const auto augment = Augmentation::parse("gan.augment", "cutout");
  const auto seen_real = augment(batch.x, twin), seen_fake = augment(fake, twin);
  const auto expected = gan->critic_loss({seen_real, {}}, seen_fake, twin);
  EXPECT_TRUE(torch::equal(gan->players()[0].objective(batch, rng).loss, expected));
  EXPECT_LT(seen_real.min().item<double>(), .5);
  const auto seen = augment(fake, twin);
  EXPECT_TRUE(
      torch::equal(gan->players()[1].objective(batch, rng).loss, gan->generator_loss(batch, seen)));
}

// Real and fake items meet the same classes; another class is another judgement.
TEST(Gan, ConditionalCriticsJudgeTheItemWithItsClass) {
  for (const auto label : {CriticLabel::concatenation, CriticLabel::projection}) {
    const auto gan = seeded(of_three_classes({.critic_label = label}));
    const auto x = plane(4), fake = plane(4, 9);
    const auto y = torch::tensor({0, 1, 2, 0}, torch::kInt64);
    const auto real = gan->critic_outputs({x, y}), other = gan->critic_outputs({x, (y + 1) % 3});
    EXPECT_FALSE(torch::allclose(real, other));
    Rng rng(5);
    EXPECT_TRUE(torch::equal(gan->critic_loss({x, y}, fake, rng),
                             critic_log_loss(real, gan->critic_outputs({fake, y}))));
    EXPECT_TRUE(torch::equal(gan->generator_loss({x, y}, fake),
                             non_saturating_loss(gan->critic_outputs({fake, y}))));
    EXPECT_THROW(gan->critic_outputs({x, {}}), ShapeError);
    EXPECT_TRUE(torch::allclose(gan->realness_logits({x, y}), real));
    EXPECT_THROW(gan->realness_logits(x), ShapeError);
  }
}

// The slope of the penalty is by x alone, at places between items of one class.
TEST(Gan, PenaltyOfAConditionalCriticIsAtTheClass) {
  const auto gan = seeded(of_three_classes({.objective = "wasserstein_gp", .penalty = 10}));
  const auto x = plane(4);
  const auto y = torch::tensor({0, 1, 2, 0}, torch::kInt64);
  Rng rng(5);
  const auto at = x.clone().requires_grad_();
  const auto slope = torch::autograd::grad({gan->critic_outputs({at, y}).sum()}, {at})[0];
  const double expected = 10 * (slope.norm(2, 1) - 1).square().mean().item<double>();
  EXPECT_NEAR(gan->critic_loss({x, y}, x, rng).item<double>(), expected, 1e-4 * expected);
}

TEST(Gan, PackedClassesStayWithTheirItems) {
  const auto gan = seeded(of_three_classes({.pack = 2}));
  const auto x = plane(4);
  const auto y = torch::tensor({0, 1, 2, 0}, torch::kInt64);
  const auto a = gan->critic_outputs({x, y});
  const auto swapped = gan->critic_outputs({x.roll(2, 0), y.roll(2, 0)});
  EXPECT_TRUE(torch::allclose(a[0], swapped[1]));
  EXPECT_FALSE(torch::allclose(a[0], gan->critic_outputs({x.roll(2, 0), y})[1]));
}

TEST(Gan, SeveralCriticsAddUpAndTheGeneratorFacesTheirMix) {
  const auto of = [](CriticMix mix) { return seeded({.discriminators = 3, .mix = mix}); };
  const auto gan = of(CriticMix::max);
  const auto x = plane(6), fake = plane(6, 9);
  Rng rng(6);
  double sum = 0, most = -1e9, mean = 0;
  for (const std::size_t i : {0, 1, 2}) {
    const auto outputs = gan->critic_outputs({fake, {}}, i);
    sum += critic_log_loss(gan->critic_outputs({x, {}}, i), outputs).item<double>();
    const double loss = non_saturating_loss(outputs).item<double>();
    most = std::max(most, loss), mean += loss / 3;
  }
  EXPECT_NEAR(gan->critic_loss({x, {}}, fake, rng).item<double>(), sum, 1e-5);
  EXPECT_NEAR(gan->generator_loss({x, {}}, fake).item<double>(), most, 1e-6);
  EXPECT_NEAR(of(CriticMix::mean)->generator_loss({x, {}}, fake).item<double>(), mean, 1e-6);
  EXPECT_FALSE(torch::allclose(gan->critic_outputs({x, {}}, 0), gan->critic_outputs({x, {}}, 1)));
  EXPECT_EQ(gan->players()[0].parameters.size(), 18u);
  EXPECT_TRUE(gan->players()[0].parameters[0].name.starts_with("critics."));
}

TEST(Gan, RefusesOptionsThatDoNotFit) {
  for (const auto& options : std::vector<GanOptions>{
           {.objective = "wasserstein", .unroll = 1},
           {.objective = "wasserstein_gp", .unroll = 1},
           {.clip_weights = .1},
           {.penalty = 1},
           {.objective = "wasserstein", .spectral_norm = true},
           {.unroll_rule = InnerRule::sgd},
           {.unroll_first_order = true},
           {.network = GanNetwork::conv},
           {.filters = 8},
           {.condition = Condition::label},
           {.critic_label = CriticLabel::projection},
           {.augment = "color"},
           {.discriminators = 2, .unroll = 1},
           {.mix = CriticMix::max},
           {.discriminators = 2, .mix_sharpness = 2},
           of_three_classes({.critic_label = CriticLabel::projection, .pack = 2}),
           conv({.layers = 2})})
    EXPECT_THROW(seeded(options), ConfigError);
  EXPECT_NE(message_of<ConfigError>([] { seeded({.objective = "f:kll"}); }).find("'kl'"),
            std::string::npos);
}

}  // namespace
}  // namespace kiln
