#include "kiln/nn/decoder_law.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include <cmath>

#include "tests/support/refusal.h"

namespace kiln {
namespace {

constexpr DecoderLawOptions kBernoulli{.kind = DecoderKind::bernoulli};
constexpr DecoderLawOptions kLogistic{.kind = DecoderKind::logistic, .image = true};
constexpr DecoderLawOptions kThreeStates{.kind = DecoderKind::categorical, .states = 3};

Tensor numbers(std::vector<double> values) { return torch::tensor(values, torch::kDouble); }

// Grey levels 0, 1/255 .. 1 as 256 items of one number.
Tensor every_level() { return (torch::arange(256, torch::kDouble) / 255).view({256, 1}); }

// log P of every level under one mean and one log scale.
Tensor level_masses(double mean, double log_scale) {
  return DecoderLaw("m", kLogistic)
      .log_prob(every_level(), numbers({mean, log_scale}).expand({256, 2}));
}

TEST(DecoderLaw, DiscretisedLogisticGivesTheKnownMass) {
  // mean .1 and scale .05 of grey levels in [-1, 1]
  const auto masses = level_masses(.55, std::log(.025));
  EXPECT_NEAR(std::exp(masses[140].item<double>()), 0.03918055332129583, 1e-15);
  EXPECT_NEAR(-masses[140].item<double>() / std::log(2.0), 4.673718417788093, 1e-13);
}

TEST(DecoderLaw, DiscretisedLogisticSumsToOneWhereverItLies) {
  for (const double mean : {-3., 0., .3, 1., 2.})
    for (const double log_scale : {-30., -7., -4., -1., 3., 30.})
      EXPECT_NEAR(level_masses(mean, log_scale).exp().sum().item<double>(), 1, 1e-12)
          << mean << ' ' << log_scale;
}

TEST(DecoderLaw, DiscretisedLogisticIsTheIntegralOverItsBin) {
  const auto masses = level_masses(.4, std::log(.1)).exp();
  const auto cumulative = [](double t) { return 1 / (1 + std::exp(-(t - .4) / .1)); };
  EXPECT_NEAR(masses[0].item<double>(), cumulative(.5 / 255), 1e-15);
  EXPECT_NEAR(masses[77].item<double>(), cumulative(77.5 / 255) - cumulative(76.5 / 255), 1e-15);
  EXPECT_NEAR(masses[255].item<double>(), 1 - cumulative(254.5 / 255), 1e-15);
}

// In float32 a level far in the tail keeps a finite mass and a slope.
TEST(DecoderLaw, DiscretisedLogisticStaysFiniteFarInTheTail) {
  auto parameters = torch::tensor({{0.f, -7.f}, {1.f, -7.f}}).set_requires_grad(true);
  const auto x = torch::tensor({{200.f / 255}, {0.f}});
  const auto log_prob = DecoderLaw("m", kLogistic).log_prob(x, parameters);
  EXPECT_NEAR(log_prob[0].item<double>(),
              -(199.5 / 255) * std::exp(7.0) + std::log(1 - std::exp(-std::exp(7.0) / 255)), .01);
  const auto slope = torch::autograd::grad({log_prob.sum()}, {parameters})[0];
  EXPECT_TRUE(slope.isfinite().all().item<bool>());
  EXPECT_NEAR(slope[0][0].item<double>(), std::exp(7.0), 1);
  EXPECT_NEAR(slope[1][0].item<double>(), -std::exp(7.0), 1);
}

TEST(DecoderLaw, CategoricalIsTheSoftmaxOfItsNumbersLogits) {
  // Two numbers of three states: blocks of one logit each for both.
  const DecoderLaw law("m", kThreeStates);
  const auto parameters = torch::log(numbers({.2, .1, .3, .6, .5, .3})).view({1, 6});
  double total = 0;
  for (double a = 0; a < 3; ++a)
    for (double b = 0; b < 3; ++b)
      total += law.log_prob(numbers({a, b}).view({1, 2}), parameters).exp().item<double>();
  EXPECT_NEAR(total, 1, 1e-14);
  EXPECT_NEAR(law.log_prob(numbers({0, 1}).view({1, 2}), parameters).exp().item<double>(), .2 * .6,
              1e-15);
  EXPECT_TRUE(torch::allclose(law.mean(parameters), numbers({1.3, 1.2}).view({1, 2})));
}

// Several draws of parameters for each item.
TEST(DecoderLaw, EveryDrawOfParametersMeetsItsItem) {
  for (const auto& options : {kBernoulli, kLogistic, kThreeStates,
                              DecoderLawOptions{.kind = DecoderKind::gaussian, .sigma = .3}}) {
    const DecoderLaw law("m", options);
    const auto p = 4 * law.parameters_per_number();
    for (const auto type : {torch::kDouble, torch::kFloat}) {
      Rng rng(3);
      const auto x = rng.bernoulli(torch::full({2, 1, 2, 2}, .5)).to(type);
      const auto parameters = rng.normal({5, 2, p}).to(type);
      const auto together = law.log_prob(x, parameters);
      ASSERT_EQ(together.sizes(), (at::IntArrayRef{5, 2}));
      EXPECT_EQ(together.scalar_type(), type);
      for (std::int64_t k = 0; k < 5; ++k)
        for (std::int64_t b = 0; b < 2; ++b) {
          const auto alone =
              law.log_prob(x.narrow(0, b, 1), parameters[k].narrow(0, b, 1)).item<double>();
          EXPECT_NEAR(together[k][b].item<double>(), alone, 1e-5);
        }
    }
  }
}

// Frequencies of a hundred thousand draws, and their mean, against the law itself.
TEST(DecoderLaw, DrawsFollowTheMassesAndTheMean) {
  const std::int64_t n = 100000;
  Rng rng(5);
  const auto check = [&](const DecoderLawOptions& options, const Tensor& parameters,
                         const Tensor& values, double step) {
    const DecoderLaw law("m", options);
    const auto x = law.draw(parameters.expand({n, -1}), rng);
    const auto masses =
        law.log_prob(values.view({-1, 1}), parameters.expand({values.size(0), -1})).exp();
    for (std::int64_t v = 0; v < values.size(0); ++v) {
      const double p = masses[v].item<double>();
      const double seen =
          (x - values[v]).abs().lt(step / 2).to(torch::kDouble).mean().item<double>();
      EXPECT_NEAR(seen, p, 5 * std::sqrt((p * (1 - p) + 1.0 / n) / n)) << v;
    }
    const double mean = (masses * values).sum().item<double>();
    const double variance = (masses * (values - mean).pow(2)).sum().item<double>();
    EXPECT_NEAR(law.mean(parameters).item<double>(), mean, 1e-12);
    EXPECT_NEAR(x.mean().item<double>(), mean, 5 * std::sqrt(variance / n));
  };
  check(kLogistic, numbers({.02, std::log(.03)}), every_level().view(-1), 1 / 255.);
  check(kLogistic, numbers({.9, std::log(.2)}), every_level().view(-1), 1 / 255.);
  check(kThreeStates, numbers({.3, -1, 1.2}), numbers({0, 1, 2}), 1);
  check(kBernoulli, numbers({.7}), numbers({0, 1}), 1);
}

TEST(DecoderLaw, GaussianDrawsAreMeanPlusNoiseCutToGreyLevels) {
  Rng rng(6);
  const DecoderLaw table("m", {.kind = DecoderKind::gaussian, .sigma = 2});
  const auto x = table.draw(torch::full({100000, 1}, 3., torch::kDouble), rng);
  EXPECT_NEAR(x.mean().item<double>(), 3, 5 * 2 / std::sqrt(1e5));
  EXPECT_NEAR(x.var().item<double>(), 4, 5 * 4 * std::sqrt(2 / 1e5));
  const DecoderLaw grey("m", {.kind = DecoderKind::gaussian, .image = true, .sigma = 2});
  const auto levels = grey.draw(torch::zeros({100, 1}, torch::kDouble), rng);
  EXPECT_EQ(levels.min().item<double>(), 0);
  EXPECT_EQ(levels.max().item<double>(), 1);
  EXPECT_EQ(grey.mean(torch::zeros({1}, torch::kDouble)).item<double>(), .5);
}

TEST(DecoderLaw, StartsNearTheMomentsOfTheData) {
  const auto mean = numbers({.2, .9}), deviation = numbers({.1, .05});
  const auto started = [&](const DecoderLawOptions& options) {
    const DecoderLaw law("m", options);
    return law.mean(law.start(mean, deviation).view({1, -1}))[0];
  };
  EXPECT_TRUE(torch::allclose(started(kBernoulli), mean));
  EXPECT_TRUE(torch::allclose(started({.kind = DecoderKind::gaussian}), mean));
  EXPECT_TRUE(torch::allclose(started({.kind = DecoderKind::gaussian, .image = true}), mean));
  EXPECT_TRUE(torch::allclose(started(kLogistic), mean, 0, .01));
  // The mass within the known deviation of a logistic law: tanh(pi / (2 sqrt 3)) = .7193.
  const DecoderLaw law("m", kLogistic);
  const auto masses =
      law.log_prob(every_level(),
                   law.start(numbers({.5}), numbers({.1})).view({1, 2}).expand({256, 2}))
          .exp();
  EXPECT_NEAR(masses.slice(0, 102, 154).sum().item<double>(), .7193, .01);
  // States: the mean is the likeliest, and no state is out of reach.
  const DecoderLaw states("m", {.kind = DecoderKind::categorical, .states = 256});
  const auto logits = states.start(numbers({200}), numbers({10}));
  EXPECT_EQ(logits.argmax().item<std::int64_t>(), 200);
  EXPECT_GT(torch::log_softmax(logits, 0).min().item<double>(), -12);
}

TEST(DecoderLaw, AsksForTheValuesThatItIsALawOf) {
  EXPECT_EQ(DecoderLaw("m", kBernoulli).value_set().kind, Values::binary);
  EXPECT_EQ(DecoderLaw("m", kLogistic).value_set().kind, Values::unit);
  EXPECT_EQ(DecoderLaw("m", kThreeStates).value_set().kind, Values::states);
  EXPECT_EQ(DecoderLaw("m", kThreeStates).value_set().states, 3);
  EXPECT_EQ(DecoderLaw("m", {.kind = DecoderKind::gaussian}).value_set().kind, Values::real);
  EXPECT_EQ(DecoderLaw("m", {.kind = DecoderKind::gaussian, .image = true}).value_set().kind,
            Values::unit);
}

TEST(DecoderLaw, LearnedVarianceHasAFloorThatItCanLeave) {
  DecoderLaw law("m", {.kind = DecoderKind::gaussian, .image = true});
  ASSERT_TRUE(law.learns_log_var());
  const auto parameter = law.first_log_var().set_requires_grad(true);
  law.set_log_var(parameter);
  EXPECT_NEAR(law.log_var().item<double>(), -2, 1e-3);
  const auto low = torch::full({1}, -13.f).set_requires_grad(true);
  law.set_log_var(low);
  EXPECT_GT(law.log_var().item<double>(), -10);
  EXPECT_GT(torch::autograd::grad({law.log_var()}, {low})[0].item<double>(), 1e-3);
  EXPECT_FALSE(DecoderLaw("m", {.kind = DecoderKind::gaussian, .sigma = .1}).learns_log_var());
  EXPECT_FALSE(DecoderLaw("m", kLogistic).learns_log_var());
}

TEST(DecoderLaw, RefusesOptionsThatDoNotGoTogether) {
  EXPECT_EQ(message_of([] { DecoderLaw("vae", {.kind = DecoderKind::bernoulli, .sigma = .1}); }),
            "[vae.sigma] a bernoulli decoder has no deviation; use decoder gaussian");
  EXPECT_EQ(message_of([] { DecoderLaw("vae", {.kind = DecoderKind::categorical}); }),
            "[vae.decoder] categorical needs numbers that are states, and these data have none; "
            "use gaussian, or logistic for grey levels");
  EXPECT_EQ(message_of([] { DecoderLaw("vae", {.kind = DecoderKind::logistic}); }),
            "[vae.decoder] logistic is a law of an image's 256 grey levels; use gaussian for "
            "tables");
}

}  // namespace
}  // namespace kiln
