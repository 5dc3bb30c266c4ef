#include "kiln/models/latent/vae.h"

#include <gtest/gtest.h>
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/prob/log_mean_exp.h"
#include "tests/models/latent/small_vae.h"

namespace kiln {
namespace {

constexpr auto kGaussian = VaeDecoder::gaussian;

// ---- Values known by hand

TEST(Vae, ZeroWeightsMakeTheBoundExactlyMinusDLog2) {
  Vae vae({.data_dim = 6, .latent = 2, .hidden = 4});
  set_zero(vae);  // q(z|x) = p(z) and every logit is 0
  Rng rng(7);
  const auto terms = vae.bound_terms({torch::tensor({{1.f, 0.f, 0.f, 1.f, 1.f, 0.f}}), {}}, rng);
  EXPECT_FLOAT_EQ(terms.elbo.item<float>(), static_cast<float>(-6 * std::log(2.0)));
  EXPECT_EQ(terms.kl.item<float>(), 0);
  EXPECT_FLOAT_EQ(vae.log_prob_iwae({torch::zeros({1, 6}), {}}, 9, rng).item<float>(),
                  static_cast<float>(-6 * std::log(2.0)));
}

TEST(Vae, ZeroWeightsGiveTheGaussianDensityAroundOneHalf) {
  Vae vae({.data_dim = 4,
           .channels = 1,
           .height = 2,
           .width = 2,
           .latent = 2,
           .decoder = kGaussian,
           .hidden = 3,
           .sigma = .2});
  set_zero(vae);
  vae.to(torch::kDouble);
  Rng rng(1);
  const auto x = numbers({.5, .7, .1, 1}).view({1, 1, 2, 2});
  const auto wanted = -.5 * (0 + .04 + .16 + .25) / .04 - 4 * std::log(.2 * std::sqrt(2 * M_PI));
  EXPECT_NEAR(vae.elbo({x, {}}, rng).item<double>(), wanted, 1e-12);
}

TEST(Vae, BoundIsReconstructionLessDivergenceForEachItem) {
  const auto vae = drawn_vae({.data_dim = 5, .latent = 2, .hidden = 4}, .5);
  const auto x = every_image(5).slice(0, 0, 7);
  Rng rng(3);
  const auto terms = vae->bound_terms({x, {}}, rng);
  EXPECT_EQ(terms.elbo.sizes(), (at::IntArrayRef{7}));
  EXPECT_TRUE(torch::equal(terms.elbo, terms.reconstruction - terms.kl));
  EXPECT_GT(terms.kl.min().item<double>(), 0);
  Rng again(3);
  const auto player = vae->players().at(0);
  const auto objective = player.objective({x, {}}, again);
  EXPECT_NEAR(objective.loss.item<double>(), -terms.elbo.mean().item<double>(), 1e-12);
  EXPECT_EQ(player.parameters.size(), vae->parameters().size());
}

TEST(Vae, FreeBitsLookAtAWholeBatch) {
  EXPECT_TRUE(Vae({.data_dim = 4, .latent = 2, .hidden = 3}).adds_over_items());
  EXPECT_FALSE(Vae({.data_dim = 4, .latent = 2, .hidden = 3, .free_bits = .1}).adds_over_items());
}

// ---- Laws

TEST(Vae, LinearGaussianBoundIsTheBestDiagonalOne) {
  LinearGaussian model;
  // The bound is quadratic in the noise, so four points +-sqrt(2) e_j give its exact expectation.
  const auto r = std::sqrt(2.0);
  const auto noise = numbers({r, 0, -r, 0, 0, r, 0, -r}).view({4, 2});
  const auto terms = model.vae->bound_terms({model.x.expand({4, 3}), {}}, noise);
  EXPECT_NEAR(terms.elbo.mean().item<double>(), -3.2002273701858712, 1e-12);
}

TEST(Vae, LinearGaussianLikelihoodIsReachedByImportanceSampling) {
  LinearGaussian model;
  torch::NoGradGuard no_grad;
  Rng rng(4);
  const auto x = model.x.expand({1000, 3});
  const auto weights = torch::exp(model.vae->log_weights({x, {}}, 200, rng)).view(-1);
  const auto truth = std::exp(-3.184204204842089);
  EXPECT_NEAR(weights.mean().item<double>(), truth,
              5 * weights.std().item<double>() / std::sqrt(200000.0));
}

// log p(x) of a model with one latent variable, by the trapezium rule over z.
Tensor log_prob_by_quadrature(Vae& vae, const Tensor& x) {
  torch::NoGradGuard no_grad;
  const auto z = torch::linspace(-10, 10, 20001, torch::kDouble).unsqueeze(1);
  const auto probs = torch::sigmoid(vae.decode_parameters(z));
  const auto log_joint = torch::log(probs).mm(x.t()) + torch::log(1 - probs).mm((1 - x).t()) -
                         .5 * z.pow(2) - .5 * std::log(2 * M_PI);
  return torch::logsumexp(log_joint, 0) + std::log(1e-3);
}

TEST(Vae, BoundsRiseWithTheirDrawsTowardsTheExactLikelihood) {
  const auto vae = drawn_vae({.data_dim = 4, .latent = 1, .hidden = 4, .layers = 1});
  torch::NoGradGuard no_grad;
  for (auto& entry : vae->named_parameters())  // a posterior that is wrong, but not hopeless
    if (entry.key().starts_with("encoder")) entry.value().mul_(.3);
  const auto images = every_image(4);
  const auto exact = log_prob_by_quadrature(*vae, images);
  EXPECT_NEAR(torch::exp(exact).sum().item<double>(), 1, 1e-9);

  const std::int64_t repeats = 4000;
  const auto x = images.repeat({repeats, 1});
  Rng rng(6);
  auto lower = torch::full({16}, -INFINITY, torch::kDouble),
       lower_error = torch::zeros({16}, torch::kDouble);
  for (const int draws : {1, 5, 50}) {
    const auto bounds = vae->log_prob_iwae({x, {}}, draws, rng).view({repeats, 16});
    const auto mean = bounds.mean(0), error = bounds.std(0) / std::sqrt(double(repeats));
    EXPECT_TRUE((mean < exact + 5 * error).all().item<bool>()) << draws;
    EXPECT_TRUE((mean > lower - 5 * (error + lower_error)).all().item<bool>()) << draws;
    EXPECT_GT(mean.mean().item<double>(), lower.mean().item<double>() + .01) << draws;
    lower = mean, lower_error = error;
  }
  EXPECT_LT((exact - lower).mean().item<double>(), .05);  // 50 draws come close
}

TEST(Vae, OneDrawOfTheImportanceBoundIsTheBoundInExpectation) {
  const auto vae = drawn_vae({.data_dim = 4, .latent = 2, .hidden = 3}, .6);
  torch::NoGradGuard no_grad;
  const std::int64_t n = 40000;
  const auto x = numbers({1, 0, 1, 1}).expand({n, 4});
  Rng rng(9), other(10);
  const auto one = vae->log_prob_iwae({x, {}}, 1, rng), bound = vae->elbo({x, {}}, other);
  const auto error = std::sqrt((one.var() + bound.var()).item<double>() / double(n));
  EXPECT_NEAR(one.mean().item<double>(), bound.mean().item<double>(), 5 * error);
}

// 200 draws of 64 items of 784 pixels are more than two chunks.
TEST(Vae, ChunksOfDrawsGiveWhatAllDrawsGiveAtOnce) {
  Vae vae({.data_dim = 784, .latent = 2, .hidden = 4, .layers = 1});
  torch::NoGradGuard no_grad;
  const auto x = (Rng(1).uniform({64, 784}) < .3).to(torch::kFloat);
  Rng rng(5), again(5);
  LogMeanExp whole;
  whole.add(vae.log_weights({x, {}}, 200, rng));
  EXPECT_TRUE(torch::allclose(vae.log_prob_iwae({x, {}}, 200, again), whole.value(), 1e-5, 0));
  EXPECT_EQ(rng.state(), again.state());
}

TEST(Vae, ReparameterisedGradientEqualsFiniteDifferences) {
  const auto bernoulli = drawn_vae({.data_dim = 3, .latent = 2, .hidden = 3}, .7);
  const auto x = numbers({1, 0, 1, 0, 0, 1}).view({2, 3});
  const auto noise = numbers({.3, -1.2, .8, .1}).view({2, 2});
  expect_gradients_match(*bernoulli, [&] {
    return bernoulli->bound_terms({x, {}}, noise).elbo.mean();
  });
  const auto gaussian =
      drawn_vae({.data_dim = 3, .latent = 2, .decoder = kGaussian, .hidden = 3, .layers = 1}, .7);
  expect_gradients_match(*gaussian, [&] {
    return gaussian->bound_terms({x, {}}, noise).elbo.mean();
  });
}

TEST(Vae, ImportanceBoundGradientEqualsFiniteDifferences) {
  const auto vae = drawn_vae({.data_dim = 3, .latent = 2, .hidden = 3, .layers = 1}, .7);
  const auto x = numbers({1, 0, 1, 0, 0, 1}).view({2, 3});
  expect_gradients_match(*vae, [&] {
    Rng rng(12);
    return vae->log_prob_iwae({x, {}}, 3, rng).mean();
  });
}

TEST(Vae, EveryBoundBelongsToItsItemAlone) {
  for (const auto network : {CoderNetwork::dense, CoderNetwork::conv}) {
    Vae vae({.data_dim = 64,
             .channels = 1,
             .height = 8,
             .width = 8,
             .latent = 3,
             .network = network,
             .hidden = 16,
             .filters = 4});
    vae.to(torch::kDouble);
    torch::NoGradGuard no_grad;
    Rng rng(1);
    const auto x = rng.bernoulli(torch::full({5, 1, 8, 8}, .4, torch::kDouble));
    const auto noise = rng.normal({5, 3}).to(torch::kDouble);
    const auto batch = vae.bound_terms({x, {}}, noise).elbo;
    for (std::int64_t i = 0; i < 5; ++i) {
      const auto alone = vae.bound_terms({x.narrow(0, i, 1), {}}, noise.narrow(0, i, 1)).elbo;
      EXPECT_NEAR(alone.item<double>(), batch[i].item<double>(), 1e-11);
    }
  }
}

// ---- Parts

TEST(Vae, ConvolutionalNetworkTakesTheUsualSizes) {
  for (const std::int64_t size : {28, 32, 64}) {
    Vae vae({.data_dim = 3 * size * size,
             .channels = 3,
             .height = size,
             .width = size,
             .latent = 4,
             .decoder = kGaussian,
             .network = CoderNetwork::conv,
             .hidden = 16,
             .filters = 2});
    torch::NoGradGuard no_grad;
    Rng rng(1);
    const auto x = rng.uniform({2, 3, size, size});
    EXPECT_EQ(vae.encode_mean(x).sizes(), (at::IntArrayRef{2, 4}));
    EXPECT_EQ(vae.decode_mean(vae.sample_prior(2, rng)).sizes(), x.sizes());
    EXPECT_EQ(vae.elbo({x, {}}, rng).sizes(), (at::IntArrayRef{2}));
    EXPECT_EQ(vae.log_prob_iwae({x, {}}, 3, rng).sizes(), (at::IntArrayRef{2}));
    const auto samples = vae.sample({.count = 3}, rng);
    EXPECT_EQ(samples.sizes(), (at::IntArrayRef{3, 3, size, size}));
    EXPECT_GE(samples.min().item<float>(), 0);
    EXPECT_LE(samples.max().item<float>(), 1);
  }
}

TEST(Vae, SamplesAreDrawsOfTheDecoder) {
  Vae vae({.data_dim = 3, .latent = 2, .hidden = 4});
  set_zero(vae);
  vae.start_from_data({.mean = torch::tensor({.2f, .5f, .9f}), .deviation = {}});
  Rng rng(2);
  const auto x = vae.sample({.count = 50000}, rng);
  EXPECT_TRUE(((x == 0) | (x == 1)).all().item<bool>());
  for (int d = 0; d < 3; ++d) {
    const double p = std::vector{.2, .5, .9}[static_cast<std::size_t>(d)];
    EXPECT_NEAR(x.select(1, d).mean().item<double>(), p, 5 * std::sqrt(p * (1 - p) / 50000));
  }
}

TEST(Vae, DrawsOfACodeHaveThePosteriorsLaw) {
  const auto vae = drawn_vae({.data_dim = 3, .latent = 2, .hidden = 4}, .6);
  torch::NoGradGuard no_grad;
  const std::int64_t n = 40000;
  const auto x = numbers({1, 0, 1}).expand({n, 3});
  Rng rng(6);
  const auto z = vae->encode_draw(x, rng);
  const auto q = vae->encode({x.narrow(0, 0, 1), {}}).base;
  const auto variance = torch::exp(q.log_var)[0];
  EXPECT_TRUE(((z.mean(0) - q.mean[0]).abs() < 5 * (variance / n).sqrt()).all().item<bool>());
  EXPECT_TRUE(((z.var(0) / variance - 1).abs() < 5 * std::sqrt(2 / double(n))).all().item<bool>());
}

TEST(Vae, TemperatureScalesThePriorsVariance) {
  LinearGaussian model;
  const std::int64_t n = 100000;
  for (const double temperature : {0.0, 1.0, 2.0}) {
    Rng rng(11);
    const auto x = model.vae->sample({.count = n, .temperature = temperature}, rng);
    const auto wanted = temperature * model.weights.pow(2).sum(1) + .25;
    const auto error = wanted * std::sqrt(2.0 / double(n));
    EXPECT_TRUE(((x.var(0) - wanted).abs() < 5 * error).all().item<bool>()) << temperature;
  }
}

TEST(Vae, StartsAsTheLawOfTheMean) {
  const auto mean = torch::tensor({{{0.f, .25f}, {.5f, 1.f}}});
  Vae vae({.data_dim = 4, .channels = 1, .height = 2, .width = 2, .latent = 2, .hidden = 3});
  set_zero(vae);
  vae.start_from_data({.mean = mean, .deviation = {}});
  EXPECT_TRUE(torch::allclose(vae.decode_mean(torch::zeros({1, 2}))[0], mean.clamp(.001, .999)));

  Vae conv({.data_dim = 2 * 64,
            .channels = 2,
            .height = 8,
            .width = 8,
            .latent = 2,
            .network = CoderNetwork::conv,
            .hidden = 4,
            .filters = 2});
  set_zero(conv);
  const auto grey = torch::stack({torch::full({8, 8}, .3f), torch::full({8, 8}, .6f)});
  conv.start_from_data({.mean = grey, .deviation = {}});
  EXPECT_TRUE(torch::allclose(conv.decode_mean(torch::zeros({1, 2}))[0], grey));

  Vae table({.data_dim = 2, .latent = 1, .decoder = kGaussian, .hidden = 3});
  set_zero(table);
  table.start_from_data({.mean = torch::tensor({-3.f, 8.f}), .deviation = {}});
  EXPECT_TRUE(
      torch::allclose(table.decode_mean(torch::zeros({1, 1}))[0], torch::tensor({-3.f, 8.f})));
}

TEST(Vae, VariancesStayInTheirLimits) {
  Vae vae({.data_dim = 2, .latent = 1, .decoder = kGaussian, .hidden = 3});
  torch::NoGradGuard no_grad;
  auto p = vae.named_parameters();
  EXPECT_NEAR(vae.law().log_var().item<double>(), 0, 1e-4);
  p["decoder_log_var"].fill_(-1000);
  EXPECT_EQ(vae.law().log_var().item<float>(), -10);
  p["encoder_log_var.bias"].fill_(1e6);
  EXPECT_EQ(vae.encode({torch::zeros({1, 2}), {}}).base.log_var.item<float>(), 10);
}

TEST(Vae, AsksForTheValuesOfItsDecoder) {
  EXPECT_EQ(Vae({.data_dim = 4, .latent = 1, .hidden = 2}).values(), Values::binary);
  EXPECT_EQ(Vae({.data_dim = 4, .latent = 1, .decoder = kGaussian, .hidden = 2}).values(),
            Values::real);
  EXPECT_EQ(Vae({.data_dim = 4,
                 .channels = 1,
                 .height = 2,
                 .width = 2,
                 .latent = 1,
                 .decoder = kGaussian,
                 .hidden = 2})
                .values(),
            Values::unit);
}

TEST(Vae, DrawsNothingFromTheDefaultGenerator) {
  Vae vae({.data_dim = 4, .latent = 2, .hidden = 3});
  torch::manual_seed(1);
  const auto expected = torch::rand({3});
  torch::manual_seed(1);
  Rng rng(1);
  vae.sample({.count = 4}, rng);
  vae.players()[0].objective({torch::ones({2, 4}), {}}, rng);
  vae.log_prob_iwae({torch::ones({2, 4}), {}}, 3, rng);
  EXPECT_TRUE(torch::equal(torch::rand({3}), expected));
}

// ---- What the method promises: it finds the one bit that decides all pixels.

TEST(Vae, LearnsThatOneBitDecidesEveryPixel) {
  torch::manual_seed(3);
  Vae vae({.data_dim = 8, .latent = 1, .hidden = 16, .layers = 1});
  torch::optim::Adam optimizer(vae.parameters(), torch::optim::AdamOptions(1e-2));
  const auto x = torch::cat({torch::zeros({32, 8}), torch::ones({32, 8})});
  const auto player = vae.players()[0];
  Rng rng(5);
  for (int step = 0; step < 400; ++step) {
    optimizer.zero_grad();
    player.objective({x, {}}, rng).loss.backward();
    optimizer.step();
  }
  torch::NoGradGuard no_grad;
  const auto bits = -vae.log_prob_iwae({x, {}}, 500, rng).mean().item<double>() / std::log(2.0);
  EXPECT_GT(bits, 1 - .02);  // the data's entropy
  EXPECT_LT(bits, 1.5);      // independent pixels would need 8
}

}  // namespace
}  // namespace kiln
