#include "kiln/models/adversarial/infogan.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "kiln/core/error.h"
#include "kiln/nn/code_critic.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

InfoganOptions small() {
  return {.data_dim = 2,
          .network = GanNetwork::dense,
          .latent = 3,
          .categorical = 2,
          .categories = 4,
          .continuous = 2,
          .hidden = 16,
          .reader_hidden = 12};
}

InfoganOptions small_pictures(CriticNorm norm) {
  return {.data_dim = 64,
          .channels = 1,
          .height = 8,
          .width = 8,
          .latent = 3,
          .filters = 4,
          .critic_units = 10,
          .critic_norm = norm};
}

std::shared_ptr<Infogan> seeded(const InfoganOptions& options) {
  Rng init(3);
  const Rng::Scope scope(init);
  return std::make_shared<Infogan>(options);
}

TEST(Infogan, CodesAreNoiseClassesAndNumbers) {
  const auto gan = seeded(small());
  Rng rng(1);
  const std::int64_t n = 4000;
  const auto codes = gan->sample_prior(n, rng);
  EXPECT_EQ(codes.sizes(), torch::IntArrayRef({n, 3 + 2 * 4 + 2}));
  const auto parts = gan->code_parts();
  ASSERT_EQ(parts.size(), 4u);
  EXPECT_EQ(parts[1].name, "categorical1");
  EXPECT_EQ(parts[1].first, 7);
  EXPECT_EQ(parts[3].first, 12);
  EXPECT_NEAR(parts[0].entropy(), std::log(4.), 1e-15);
  EXPECT_NEAR(parts[2].entropy(), std::log(2.), 1e-15);
  for (const int i : {0, 1}) {
    const auto one_hot = codes.narrow(1, parts[i].first, 4);
    EXPECT_TRUE(torch::equal(one_hot.sum(1), torch::ones({n})));
    const auto shares = one_hot.mean(0);
    for (int k = 0; k < 4; ++k)
      EXPECT_NEAR(shares[k].item<double>(), .25, 5 * std::sqrt(.25 * .75 / n));
  }
  const auto numbers = codes.narrow(1, 11, 2);
  EXPECT_NEAR(numbers.mean().item<double>(), 0, 5 * std::sqrt(1. / 3 / (2 * n)));
  EXPECT_GE(numbers.min().item<double>(), -1);
  EXPECT_GT(numbers.abs().max().item<double>(), .99);
}

// Eq. (5) with H(c): a reader that knows nothing says 0 nats of a class, one that is sure ln K.
// The law p^(1/T): the noise is normal, and uniform classes and numbers stay as they are.
TEST(Infogan, TemperatureScalesTheNoisesVarianceAlone) {
  const auto gan = seeded(small());
  Rng rng(4), again(4);
  auto codes = gan->sample_prior(5, again);
  codes.narrow(1, 0, 3).mul_(.5);
  torch::NoGradGuard no_grad;
  EXPECT_TRUE(
      torch::equal(gan->sample({.count = 5, .temperature = .25}, rng), gan->decode_mean(codes)));
}

TEST(Infogan, InformationOfAClassIsBetweenNothingAndLogK) {
  const auto gan = seeded(small());
  Rng rng(2);
  const auto codes = gan->sample_prior(5, rng);
  const auto nothing = torch::zeros({5, 2 * 4 + 2 * 2});
  EXPECT_TRUE(torch::allclose(gan->information_of(nothing, codes).narrow(1, 0, 2),
                              torch::zeros({5, 2}), 0, 1e-6));
  auto sure = torch::zeros({5, 12});
  sure.narrow(1, 0, 8).copy_(50 * codes.narrow(1, 3, 8));
  EXPECT_TRUE(torch::allclose(gan->information_of(sure, codes).narrow(1, 0, 2),
                              torch::full({5, 2}, std::log(4.)), 0, 1e-5));
  auto wrong = torch::zeros({5, 12});
  wrong.narrow(1, 4, 4).copy_(codes.narrow(1, 7, 4));  // of the second class alone, one logit
  const auto information = gan->information_of(wrong, codes);
  EXPECT_NEAR(information[0][1].item<double>(), 1 - std::log(std::exp(1.) + 3) + std::log(4.),
              1e-6);
  EXPECT_NEAR(information[0][0].item<double>(), 0, 1e-6);
}

// log N(c; m, s^2) + ln 2, against the density's own formula; log s is held to -3.
TEST(Infogan, InformationOfANumberIsItsNormalLogDensity) {
  const auto gan = seeded(small());
  Rng rng(4);
  const auto codes = gan->sample_prior(3, rng);
  auto reading = torch::zeros({3, 12});
  reading.select(1, 8).fill_(.3), reading.select(1, 9).fill_(-.7);
  reading.select(1, 10).fill_(-.2), reading.select(1, 11).fill_(-9);
  const auto information = gan->information_of(reading, codes);
  for (std::int64_t i = 0; i < 3; ++i)
    for (const int j : {0, 1}) {
      const double c = codes[i][11 + j].item<double>(), m = j == 0 ? .3 : -.2,
                   s = std::exp(j == 0 ? -.7 : -3);
      const double density =
          std::exp(-.5 * std::pow((c - m) / s, 2)) / (s * std::sqrt(2 * std::acos(-1.)));
      const double expected = std::log(density) + std::log(2.);
      EXPECT_NEAR(information[i][2 + j].item<double>(), expected, 2e-4 * std::abs(expected) + 1e-4);
    }
}

// E log Q + H(c) is the exact information where Q is the posterior: a channel that keeps a class
// of two with probability 0.8.
TEST(Infogan, BoundIsTheInformationOfAChannelAtTheBestReader) {
  auto options = small();
  options.categorical = 1, options.categories = 2, options.continuous = 0;
  const auto gan = seeded(options);
  double bound = 0, information = 0;
  for (const int c : {0, 1})
    for (const int x : {0, 1}) {
      const double joint = .5 * (c == x ? .8 : .2), posterior = c == x ? .8 : .2;
      auto code = torch::zeros({1, 5});
      code[0][3 + c] = 1;
      const auto reading = torch::tensor(
          {{x == 0 ? std::log(.8) : std::log(.2), x == 1 ? std::log(.8) : std::log(.2)}},
          torch::kFloat32);
      bound += joint * gan->information_of(reading, code).item<double>();
      information += joint * std::log(posterior / .5);
    }
  EXPECT_NEAR(bound, information, 1e-6);
  EXPECT_NEAR(information, 0.192745, 1e-6);
}

TEST(Infogan, TheGeneratorsLossIsTheGamesLessTheWeightedInformation) {
  auto options = small();
  options.information = .7, options.continuous_information = .2;
  const auto gan = seeded(options);
  gan->train();
  Rng rng(5), again(5);
  const Batch batch{rng.normal({8, 2}), {}};
  again.normal({8, 2});
  gan->begin_round(batch, rng);
  auto players = gan->players();
  const double critic = players[0].objective(batch, rng).loss.item<double>();
  const auto maker = players[1].objective(batch, rng);
  const auto codes = gan->sample_prior(8, again), fake = gan->generate(codes);
  const auto means = gan->information_of(gan->read(fake), codes).mean(0);
  const double weighted = (.7 * (means[0] + means[1]) + .2 * (means[2] + means[3])).item<double>();
  EXPECT_NEAR(critic, gan->critic_loss(batch.x, fake).item<double>(), 1e-5);
  EXPECT_NEAR(maker.loss.item<double>(), gan->generator_loss(fake).item<double>() - weighted, 1e-5);
  EXPECT_NEAR(
      gan->critic_loss(batch.x, fake).item<double>(),
      critic_log_loss(gan->realness_logits(batch.x), gan->realness_logits(fake)).item<double>(),
      1e-6);
}

// The generator learns from the reader, and the critic's turn leaves the generator alone.
TEST(Infogan, InformationReachesTheGeneratorAndTheReader) {
  const auto gan = seeded(small());
  Rng rng(6);
  const auto codes = gan->sample_prior(8, rng);
  const auto information = gan->information_of(gan->read(gan->generate(codes)), codes).sum();
  const auto slopes = torch::autograd::grad({information}, gan->parameters(), {}, {}, false, true);
  std::size_t i = 0;
  for (const auto& entry : gan->named_parameters()) {
    const bool output = entry.key().starts_with("critic.");
    EXPECT_EQ(slopes[i].defined(), !output) << entry.key();
    ++i;
  }
  const Batch batch{rng.normal({8, 2}), {}};
  gan->begin_round(batch, rng);
  auto players = gan->players();
  std::vector<Tensor> generator;  // and reader
  for (const auto& entry : players[1].parameters) generator.push_back(entry.tensor);
  for (const auto& slope : torch::autograd::grad({players[0].objective(batch, rng).loss}, generator,
                                                 {}, {}, false, true))
    EXPECT_FALSE(slope.defined());
  for (const auto& entry : players[0].parameters)
    EXPECT_TRUE(entry.name.starts_with("trunk.") || entry.name.starts_with("critic."));
  EXPECT_EQ(players[0].parameters.size() + players[1].parameters.size(), gan->parameters().size());
}

// Judged by running statistics: what is read of an item does not depend on its companions.
TEST(Infogan, ConvolutionsReadAnItemAlone) {
  const auto gan = seeded(small_pictures(CriticNorm::batch));
  gan->train();
  Rng rng(8);
  const auto x = rng.uniform({6, 1, 8, 8}) * 2 - 1;
  gan->begin_round({x, {}}, rng);
  for (auto& player : gan->players())
    EXPECT_TRUE(player.objective({x, {}}, rng).loss.isfinite().item<bool>());
  torch::NoGradGuard no_grad;
  EXPECT_TRUE(torch::allclose(gan->code_logits(x).narrow(0, 0, 1),
                              gan->code_logits(x.narrow(0, 0, 1)), 1e-5, 1e-6));
  EXPECT_TRUE(torch::allclose(gan->realness_logits(x).narrow(0, 0, 1),
                              gan->realness_logits(x.narrow(0, 0, 1)), 1e-5, 1e-6));
  EXPECT_FALSE(torch::allclose(gan->read(x)[0], gan->read(x.narrow(0, 0, 2))[0]));
}

// What a batch tells in training is what its pictures tell one by one.
TEST(Infogan, LayerNormalisationKnowsNoCompanions) {
  const auto gan = seeded(small_pictures(CriticNorm::layer));
  Rng rng(8);
  const auto x = rng.uniform({6, 1, 8, 8}) * 2 - 1;
  torch::NoGradGuard no_grad;
  gan->train();
  const auto together = gan->read(x);
  EXPECT_TRUE(torch::allclose(together[0], gan->read(x.narrow(0, 0, 2))[0], 1e-5, 1e-6));
  gan->eval();
  EXPECT_TRUE(torch::allclose(together, gan->read(x), 1e-5, 1e-6));
  for (const auto& entry : gan->named_buffers())
    EXPECT_TRUE(entry.key().starts_with("generator.")) << entry.key();
}

TEST(Infogan, LabelsChooseTheFirstClass) {
  const auto gan = seeded(small());
  Rng rng(7), same(7);
  const auto x = gan->sample({.count = 6, .given = Given::of_class(2)}, rng);
  auto codes = gan->sample_prior(6, same);
  codes.narrow(1, 3, 4).copy_(torch::one_hot(torch::full({6}, 2), 4));
  EXPECT_TRUE(torch::equal(x, gan->generate(codes)));
  EXPECT_EQ(gan->code_logits(x).sizes(), torch::IntArrayRef({6, 4}));
  EXPECT_EQ(gan->information(6, rng).sizes(), torch::IntArrayRef({6, 4}));
}

TEST(Infogan, QuantilesAreThoseOfNoiseAndUniformNumbers) {
  auto options = small();
  options.categorical = 0;
  const auto gan = seeded(options);
  const auto z = gan->prior_quantile(torch::full({1, 5}, .75, torch::kFloat64));
  EXPECT_NEAR(z[0][0].item<double>(), 0.6744897501960817, 1e-12);
  EXPECT_NEAR(z[0][4].item<double>(), .5, 1e-15);
  EXPECT_THROW(seeded(small())->prior_quantile(torch::full({1, 13}, .5)), ConfigError);
  EXPECT_THROW(gan->code_logits(torch::zeros({1, 2})), ConfigError);
}

TEST(Infogan, RefusesOptionsThatDoNotFit) {
  const auto refusal = [](InfoganOptions options) {
    return message_of<ConfigError>([&] { seeded(options); });
  };
  EXPECT_EQ(
      refusal({.data_dim = 2}),
      "[infogan.network] needs images, got a table; use images:DIR,size=32, digits or shapes");
  EXPECT_EQ(refusal({.data_dim = 2, .network = GanNetwork::dense, .filters = 3}),
            "[infogan.filters] belongs to --network conv");
  EXPECT_EQ(
      refusal({.data_dim = 2, .network = GanNetwork::dense, .critic_norm = CriticNorm::layer}),
      "[infogan.critic_norm] belongs to --network conv; dense layers have none");
  EXPECT_EQ(
      refusal({.data_dim = 2, .network = GanNetwork::dense, .categorical = 0, .continuous = 0}),
      "[infogan] has no code to inform about; set --categorical or --continuous");
}

}  // namespace
}  // namespace kiln
