#include "kiln/models/latent/ladder_vae.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <functional>

#include "kiln/prob/log_mean_exp.h"
#include "tests/support/enumeration.h"
#include "tests/support/finite_differences.h"

namespace kiln {
namespace {

// In float64, with weights that are draws of N(0, 1) times `scale`.
std::shared_ptr<LadderVae> drawn_ladder(const LadderVaeOptions& options, double scale = 1) {
  auto model = std::make_shared<LadderVae>(options);
  model->to(torch::kDouble);
  torch::NoGradGuard no_grad;
  Rng rng(2);
  for (auto& p : model->parameters()) p.copy_(scale * rng.normal(p.sizes()));
  return model;
}

Tensor every_image() { return all_states(4).to(torch::kDouble); }

Tensor numbers(std::vector<double> values) { return torch::tensor(values, torch::kDouble); }

// ---- Values known by hand

TEST(LadderVae, ZeroWeightsMakeTheBoundTheKnownNumber) {
  LadderVae model({.data_dim = 6, .latents = "3,2", .hidden = "4"});
  torch::NoGradGuard no_grad;
  for (auto& p : model.parameters()) p.zero_();
  // q(z_2|x) = p(z_2) and every logit is 0; q(z_1|...) = N(0, 1/2) against p = N(0, 1).
  Rng rng(7);
  const auto terms = model.bound_terms(torch::ones({2, 6}), rng);
  const auto kl1 = 3 * .5 * (.5 - 1 - std::log(.5));
  EXPECT_NEAR(terms.reconstruction[1].item<double>(), -6 * std::log(2.0), 1e-6);
  EXPECT_NEAR(terms.kl[1][0].item<double>(), kl1, 1e-6);
  EXPECT_EQ(terms.kl[1][1].item<float>(), 0);
  EXPECT_NEAR(terms.elbo[1].item<double>(), -6 * std::log(2.0) - kl1, 1e-6);
}

TEST(LadderVae, TemperatureScalesThePriorsVariance) {
  const auto model = drawn_ladder({.data_dim = 4, .latents = "2,1", .hidden = "3"}, .5);
  torch::NoGradGuard no_grad;
  Rng rng(3), again(3);
  const auto z = .5 * model->sample_prior(50, again);
  EXPECT_TRUE(torch::equal(model->sample({.count = 50, .temperature = .25}, rng),
                           model->draw_given(z, {}, again)));
}

TEST(LadderVae, NoGroupDivergesWhenTheEvidenceSaysNothing) {
  const auto model = drawn_ladder({.data_dim = 4, .latents = "2,2,1", .hidden = "3"}, .5);
  torch::NoGradGuard no_grad;
  for (auto& entry : model->named_parameters())
    if (entry.key().starts_with("up_head3")) entry.value().zero_();
  // A variance of e^10 beside the prior's: the product is the prior, but for 1 in 22000.
  for (const auto* name : {"up_head1", "up_head2"}) {
    auto p = model->named_parameters();
    p[std::string(name) + ".weight"].zero_();
    p[std::string(name) + ".bias"].copy_(numbers({0, 0, 1e6, 1e6}));
  }
  Rng rng(1);
  const auto terms = model->bound_terms(every_image(), rng);
  EXPECT_GE(terms.kl.min().item<double>(), 0);
  EXPECT_LT(terms.kl.max().item<double>(), 1e-2);
  EXPECT_EQ(terms.kl.select(1, 2).max().item<double>(), 0);
}

TEST(LadderVae, BoundIsReconstructionLessTheDivergenceOfEveryGroup) {
  const auto model = drawn_ladder({.data_dim = 4, .latents = "3,2,1", .hidden = "4,3,2"}, .5);
  Rng rng(3), again(3);
  const auto terms = model->bound_terms(every_image(), rng);
  EXPECT_EQ(terms.kl.sizes(), (at::IntArrayRef{16, 3}));
  EXPECT_GT(terms.kl.min().item<double>(), 0);
  const auto sum = terms.kl.select(1, 0) + terms.kl.select(1, 1) + terms.kl.select(1, 2);
  EXPECT_TRUE(torch::allclose(terms.elbo, terms.reconstruction - sum, 0, 1e-12));
  EXPECT_TRUE(torch::equal(model->elbo({every_image(), {}}, again), terms.elbo));
}

// ---- Laws

// One level: the bound of a plain VAE, written out here with LibTorch's own operations.
TEST(LadderVae, OneLevelHasTheBoundOfAVae) {
  const auto model = drawn_ladder({.data_dim = 4, .latents = "2", .hidden = "3", .layers = 1}, .7);
  auto p = model->named_parameters();
  const auto x = every_image(), noise = Rng(4).normal({16, 2}).to(torch::kDouble);
  const auto layer = [&](const std::string& name, const Tensor& in) {
    return torch::addmm(p[name + ".bias"], in, p[name + ".weight"].t());
  };
  const auto leaky = [](const Tensor& a) { return torch::where(a > 0, a, .1 * a); };
  const auto head = layer("up_head1", leaky(layer("up1.0", x)));
  const auto mean = head.slice(1, 0, 2), log_var = head.slice(1, 2, 4);
  const auto z = mean + torch::exp(log_var / 2) * noise;
  const auto logits = layer("decoder_out", leaky(layer("decoder.0", z)));
  const auto bound =
      -torch::binary_cross_entropy_with_logits(logits, x, {}, {}, at::Reduction::None).sum(1) +
      .5 * (1 + log_var - mean.square() - torch::exp(log_var)).sum(1);
  EXPECT_TRUE(torch::allclose(model->bound_terms(x, noise).elbo, bound, 0, 1e-12));
}

TEST(LadderVae, PosteriorOfALowerLevelIsTheProductOfEvidenceAndPrior) {
  const auto model = drawn_ladder({.data_dim = 4, .latents = "1,1", .hidden = "4"}, .8);
  torch::NoGradGuard no_grad;
  const auto x = every_image().slice(0, 5, 6);
  const auto evidence = model->evidence(x);
  const auto above = evidence[1].mean;  // z_2 at zero noise
  const auto p = model->prior(1, above);
  const auto precision = 1 / p.log_var.exp() + 1 / evidence[0].log_var.exp();
  const auto mean =
      (p.mean / p.log_var.exp() + evidence[0].mean / evidence[0].log_var.exp()) / precision;
  const auto deviation = precision.rsqrt();
  const auto kl = .5 * ((deviation.square() + (mean - p.mean).square()) / p.log_var.exp() - 1) -
                  deviation.log() + .5 * p.log_var;
  const auto terms = model->bound_terms(x, numbers({.6, 0}).view({1, 2}));
  EXPECT_NEAR(terms.kl[0][0].item<double>(), kl.item<double>(), 1e-12);
  const auto logits = model->decode_parameters(mean + .6 * deviation);
  const auto reconstruction = (x * logits - torch::softplus(logits)).sum();
  EXPECT_NEAR(terms.reconstruction.item<double>(), reconstruction.item<double>(), 1e-12);
}

// log p(x) of two levels with one latent variable each, by the trapezium rule over both; log_given
// is log p(x|z_1), [Z1, N] of a grid [Z1, 1] of z_1.
Tensor log_prob_by_quadrature(LadderVae& model, const std::function<Tensor(Tensor)>& log_given) {
  const auto grid = torch::linspace(-12, 12, 1201, torch::kDouble).unsqueeze(1);
  const double log_step = std::log(.02);
  const auto log_top = -.5 * grid.square() - .5 * std::log(2 * M_PI);  // [Z2, 1]
  const auto p = model.prior(1, grid);
  const auto distance = grid.t() - p.mean;  // [Z2, Z1]
  const auto log_below =
      -.5 * distance.square() / p.log_var.exp() - .5 * p.log_var - .5 * std::log(2 * M_PI);
  const auto log_z1 = torch::logsumexp(log_top + log_below, 0) + log_step;
  return torch::logsumexp(log_given(grid) + log_z1.unsqueeze(1), 0) + log_step;
}

Tensor log_prob_by_quadrature(LadderVae& model, const Tensor& x) {
  return log_prob_by_quadrature(model, [&](const Tensor& z) {
    const auto probs = torch::sigmoid(model.decode_parameters(z));
    return torch::log(probs).mm(x.t()) + torch::log(1 - probs).mm((1 - x).t());
  });
}

// Two levels, and a posterior that is wrong, but not hopeless.
std::shared_ptr<LadderVae> ladder_for_quadrature(
    const LadderVaeOptions& options = {
        .data_dim = 4, .latents = "1,1", .hidden = "4", .layers = 1}) {
  auto model = drawn_ladder(options, .8);
  torch::NoGradGuard no_grad;
  for (auto& entry : model->named_parameters())
    if (entry.key().starts_with("up")) entry.value().mul_(.3);
  return model;
}

TEST(LadderVae, BoundsRiseWithTheirDrawsTowardsTheExactLikelihood) {
  const auto model = ladder_for_quadrature();
  torch::NoGradGuard no_grad;
  const auto images = every_image();
  const auto exact = log_prob_by_quadrature(*model, images);
  EXPECT_NEAR(torch::exp(exact).sum().item<double>(), 1, 1e-6);

  const std::int64_t repeats = 1500;
  const auto x = images.repeat({repeats, 1});
  Rng rng(6);
  auto lower = torch::full({16}, -INFINITY, torch::kDouble);
  auto lower_error = torch::zeros({16}, torch::kDouble);
  for (const int draws : {0, 1, 5, 80}) {  // 0: the ELBO
    const auto bounds =
        draws == 0 ? model->elbo({x, {}}, rng) : model->log_prob_iwae({x, {}}, draws, rng);
    const auto mean = bounds.view({repeats, 16}).mean(0);
    const auto error = bounds.view({repeats, 16}).std(0) / std::sqrt(double(repeats));
    EXPECT_TRUE((mean < exact + 5 * error).all().item<bool>()) << draws;
    EXPECT_TRUE((mean > lower - 5 * (error + lower_error)).all().item<bool>()) << draws;
    if (draws > 1) {
      EXPECT_GT(mean.mean().item<double>(), lower.mean().item<double>() + .01);
    }
    lower = mean, lower_error = error;
  }
  EXPECT_LT((exact - lower).mean().item<double>(), .05);  // 80 draws come close
}

TEST(LadderVae, ImportanceWeightsAverageToTheLikelihood) {
  const auto model = ladder_for_quadrature();
  torch::NoGradGuard no_grad;
  Rng rng(8);
  const auto images = every_image();
  const auto weights = torch::exp(model->log_weights(images, 20000, rng));
  const auto error = weights.std(0) / std::sqrt(20000.0);
  const auto exact = torch::exp(log_prob_by_quadrature(*model, images));
  EXPECT_TRUE(((weights.mean(0) - exact).abs() < 5 * error).all().item<bool>());
}

TEST(LadderVae, OneDrawOfTheImportanceBoundIsTheBoundInExpectation) {
  const auto model = drawn_ladder({.data_dim = 4, .latents = "2,2", .hidden = "3"}, .6);
  torch::NoGradGuard no_grad;
  const std::int64_t n = 40000;
  const auto x = numbers({1, 0, 1, 1}).expand({n, 4});
  Rng rng(9), other(10);
  const auto one = model->log_prob_iwae({x, {}}, 1, rng), bound = model->elbo({x, {}}, other);
  const auto error = std::sqrt((one.var() + bound.var()).item<double>() / double(n));
  EXPECT_NEAR(one.mean().item<double>(), bound.mean().item<double>(), 5 * error);
}

// ---- Other laws of an item

// Two numbers of three states: parameters are all numbers' logits of state 0, then of 1, of 2.
TEST(LadderVae, OfStatesProbabilitiesAddUpToOneAndBoundsComeClose) {
  const auto model = ladder_for_quadrature({.data_dim = 2,
                                            .latents = "1,1",
                                            .hidden = "4",
                                            .layers = 1,
                                            .decoder = DecoderKind::categorical,
                                            .states = 3});
  torch::NoGradGuard no_grad;
  // Wide evidence: a posterior much narrower than the prior has weights without a variance.
  for (const auto* bias : {"up_head1.bias", "up_head2.bias"})
    model->named_parameters()[bias][1] += 2;
  const auto x = torch::cartesian_prod({torch::arange(3), torch::arange(3)}).to(torch::kDouble);
  const auto exact = log_prob_by_quadrature(*model, [&](const Tensor& z) {
    const auto log_p = torch::log_softmax(model->decode_parameters(z).view({-1, 3, 2}), 1);
    std::vector<Tensor> each;
    for (std::int64_t n = 0; n < 9; ++n)
      each.push_back(log_p.select(2, 0).select(1, n / 3) + log_p.select(2, 1).select(1, n % 3));
    return torch::stack(each, 1);
  });
  EXPECT_NEAR(torch::exp(exact).sum().item<double>(), 1, 1e-6);
  EXPECT_EQ(model->values(), Values::states);
  EXPECT_EQ(model->states(), 3);
  EXPECT_TRUE(model->bounds_mass());
  Rng rng(4);
  const auto weights = torch::exp(model->log_weights(x, 20000, rng));
  const auto error = weights.std(0) / std::sqrt(20000.0);
  EXPECT_TRUE(((weights.mean(0) - torch::exp(exact)).abs() < 5 * error).all().item<bool>());
  // Draws have these probabilities.
  const auto drawn = model->sample({.count = 20000}, rng);
  const auto shares =
      torch::bincount((3 * drawn.select(1, 0) + drawn.select(1, 1)).to(torch::kLong), {}, 9) /
      20000.0;
  const auto scatter = torch::sqrt(torch::exp(exact) / 20000);
  EXPECT_TRUE(((shares - torch::exp(exact)).abs() < 5 * scatter).all().item<bool>());
}

TEST(LadderVae, OfRealNumbersItHasAGaussiansDensityWhoseVarianceIsLearned) {
  auto options = LadderVaeOptions{.data_dim = 4,
                                  .latents = "2,1",
                                  .hidden = "3",
                                  .layers = 1,
                                  .decoder = DecoderKind::gaussian};
  options.sigma = .5;
  const auto x = Rng(3).normal({5, 4}).to(torch::kDouble), noise = Rng(4).normal({5, 3}).to(x);
  {
    torch::NoGradGuard no_grad;
    const auto model = drawn_ladder(options, .5);
    const auto evidence = model->evidence(x);
    const auto above = evidence[1].at_noise(noise.slice(1, 2, 3));
    const auto z = product(evidence[0], model->prior(1, above)).at_noise(noise.slice(1, 0, 2));
    const auto distance = x - model->decode_parameters(z);
    const auto wanted = (-.5 * distance.square() / .25 - std::log(.5 * std::sqrt(2 * M_PI))).sum(1);
    EXPECT_TRUE(torch::allclose(model->bound_terms(x, noise).reconstruction, wanted, 0, 1e-12));
    EXPECT_FALSE(model->bounds_mass());
    EXPECT_EQ(model->values(), Values::real);
  }
  options.sigma.reset();
  const auto model = drawn_ladder(options, .5);
  expect_gradients_match(*model, [&] { return model->bound_terms(x, noise).elbo.mean(); });
  EXPECT_TRUE(model->named_parameters().contains("decoder_log_var"));
}

// 200 draws of 64 items of 784 pixels are more than two chunks.
TEST(LadderVae, ChunksOfDrawsGiveWhatAllDrawsGiveAtOnce) {
  LadderVae model({.data_dim = 784, .latents = "2,2", .hidden = "4", .layers = 1});
  torch::NoGradGuard no_grad;
  const auto x = (Rng(1).uniform({64, 784}) < .3).to(torch::kFloat);
  Rng rng(5), again(5);
  LogMeanExp whole;
  whole.add(model.log_weights(x, 200, rng));
  EXPECT_TRUE(torch::allclose(model.log_prob_iwae({x, {}}, 200, again), whole.value(), 1e-5, 0));
  EXPECT_EQ(rng.state(), again.state());
}

TEST(LadderVae, GradientsOfBothBoundsEqualFiniteDifferences) {
  const auto model =
      drawn_ladder({.data_dim = 3, .latents = "2,1", .hidden = "3,2", .layers = 1}, .7);
  const auto x = numbers({1, 0, 1, 0, 0, 1}).view({2, 3});
  const auto noise = numbers({.3, -1.2, .8, .1, .5, -.4}).view({2, 3});
  expect_gradients_match(*model, [&] { return model->bound_terms(x, noise).elbo.mean(); });
  expect_gradients_match(*model, [&] {
    Rng rng(12);
    return model->log_prob_iwae({x, {}}, 3, rng).mean();
  });
}

TEST(LadderVae, EveryBoundBelongsToItsItemAlone) {
  const auto model = drawn_ladder({.data_dim = 4, .latents = "2,1", .hidden = "5"}, .7);
  torch::NoGradGuard no_grad;
  const auto x = every_image(), noise = Rng(1).normal({16, 3}).to(torch::kDouble);
  const auto batch = model->bound_terms(x, noise).elbo;
  for (std::int64_t i = 0; i < 16; ++i) {
    const auto alone = model->bound_terms(x.narrow(0, i, 1), noise.narrow(0, i, 1)).elbo;
    EXPECT_NEAR(alone.item<double>(), batch[i].item<double>(), 1e-12);
  }
}

}  // namespace
}  // namespace kiln
