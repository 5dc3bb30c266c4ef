// The divergence's weight in training: beta, warm-up, free bits; and the bound, which knows of
// none.
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/data/loader.h"
#include "kiln/train/trainer.h"
#include "tests/models/latent/small_vae.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

const Tensor kImages = every_image(4).slice(0, 2, 9);

Objective objective_of(Vae& vae, std::uint64_t seed = 8) {
  Rng rng(seed);
  return vae.players().at(0).objective({kImages, {}}, rng);
}

// The same draw's reconstruction and divergence, from the bound.
Vae::Terms terms_of(Vae& vae, std::uint64_t seed = 8) {
  return vae.bound_terms({kImages, {}}, Rng(seed).normal({7, 2}).to(torch::kDouble));
}

std::shared_ptr<Vae> small(VaeOptions options) {
  options.data_dim = 4, options.latent = 2, options.hidden = 3;
  return drawn_vae(options, .7);
}

TEST(VaeDivergence, BetaWeighsItInTraining) {
  for (const double beta : {0., 1., 4.}) {
    const auto vae = small({.beta = beta});
    const auto terms = terms_of(*vae);
    EXPECT_NEAR(objective_of(*vae).loss.item<double>(),
                (beta * terms.kl - terms.reconstruction).mean().item<double>(), 1e-12);
  }
}

TEST(VaeDivergence, BetaWeighsTheRatioOfAnImportanceDraw) {
  const auto vae = small({.objective = VaeObjective::iwae, .beta = 3});
  const auto noise = Rng(8).normal({7, 2}).to(torch::kDouble);
  const auto q = vae->encode({kImages, {}}).base;
  const auto z = q.at_noise(noise);
  const auto weight = vae->law().log_prob(kImages, vae->decode_parameters(z)) +
                      3 * (standard_normal_log_prob(z) - q.log_prob(z));
  EXPECT_NEAR(objective_of(*vae).loss.item<double>(), -weight.mean().item<double>(), 1e-12);
}

// KL_j of two latents over two items by hand, from -1/2 (1 + ln s^2 - m^2 - s^2).
TEST(VaeDivergence, FreeBitsFloorTheBatchMeanOfEachLatent) {
  Vae vae({.data_dim = 4, .latent = 2, .hidden = 3, .free_bits = .4});
  vae.to(torch::kDouble);
  set_zero(vae);
  {
    torch::NoGradGuard no_grad;
    auto p = vae.named_parameters();
    p["encoder_mean.bias"].copy_(numbers({1.5, 0}));
    p["encoder_log_var.bias"].copy_(numbers({0, std::log(.5)}));
  }
  const double first = .5 * 1.5 * 1.5, second = -.5 * (1 + std::log(.5) - .5);
  ASSERT_LT(second, .4);
  const auto objective = objective_of(vae);
  EXPECT_NEAR(objective.loss.item<double>(), first + .4 + 4 * std::log(2.0), 1e-12);
  EXPECT_NEAR(objective.log.at(1).second.item<double>(), first + second, 1e-12);
  // Below the floor nothing pulls at a latent; above it the slope is that of the divergence.
  const auto p = vae.named_parameters();
  const auto slopes =
      torch::autograd::grad({objective.loss}, {p["encoder_mean.bias"], p["encoder_log_var.bias"]});
  EXPECT_NEAR(slopes[0][0].item<double>(), 1.5, 1e-12);
  EXPECT_EQ(slopes[0][1].item<double>(), 0);
  EXPECT_EQ(slopes[1][1].item<double>(), 0);
}

// Some items lie above the floor and some below it: the mean decides, not each item.
TEST(VaeDivergence, FreeBitsLookAtTheMeanOfTheBatch) {
  const auto q = small({})->encode({kImages, {}}).base;
  const auto each = .5 * (q.mean.pow(2) + q.log_var.exp() - 1 - q.log_var);  // [7, 2]
  const auto first = each.select(1, 0), second = each.select(1, 1);
  const double floor = .5 * (first.min() + first.mean()).item<double>();
  ASSERT_LT(first.min().item<double>(), floor);
  ASSERT_LT(floor, first.mean().item<double>());
  const auto vae = small({.beta = 2, .free_bits = floor});
  const double cost = first.mean().item<double>() + std::max(floor, second.mean().item<double>());
  EXPECT_NEAR(objective_of(*vae).loss.item<double>(),
              2 * cost - terms_of(*vae).reconstruction.mean().item<double>(), 1e-12);
}

TEST(VaeDivergence, WarmUpClimbsInEqualStepsOfRoundsAndStops) {
  const auto vae = small({.beta = 2, .kl_warmup = 4});
  const auto terms = terms_of(*vae);
  Rng rng(1);
  for (const double weight : {.5, 1., 1.5, 2., 2., 2.}) {
    vae->begin_round({kImages, {}}, rng);
    const auto objective = objective_of(*vae);
    EXPECT_NEAR(objective.loss.item<double>(),
                (weight * terms.kl - terms.reconstruction).mean().item<double>(), 1e-12);
    EXPECT_EQ(objective.log.at(2).first, "kl_weight");
    EXPECT_NEAR(objective.log.at(2).second.item<double>(), weight, 1e-6);
  }
}

TEST(VaeDivergence, TheBoundKnowsOfNone) {
  const auto plain = small({}), weighed = small({.beta = 7, .free_bits = 3, .kl_warmup = 100});
  EXPECT_TRUE(torch::equal(terms_of(*plain).elbo, terms_of(*weighed).elbo));
  Rng one(3), two(3);
  EXPECT_TRUE(torch::equal(plain->log_prob_iwae({kImages, {}}, 5, one),
                           weighed->log_prob_iwae({kImages, {}}, 5, two)));
}

// In expectation over the draws; and the gradient of both, by finite differences elsewhere.
TEST(VaeDivergence, SampledDivergenceIsTheClosedOneInExpectation) {
  const auto closed = small({}), sampled = small({.kl = KlEstimate::sampled});
  torch::NoGradGuard no_grad;
  const std::int64_t n = 40000;
  const auto x = kImages[3].expand({n, 4});
  const auto noise = Rng(4).normal({n, 2}).to(torch::kDouble);
  const auto exact = closed->bound_terms({x, {}}, noise),
             drawn = sampled->bound_terms({x, {}}, noise);
  EXPECT_TRUE(torch::equal(exact.reconstruction, drawn.reconstruction));
  EXPECT_GT(drawn.kl.std().item<double>(), .01);
  EXPECT_NEAR(drawn.kl.mean().item<double>(), exact.kl[0].item<double>(),
              5 * drawn.kl.std().item<double>() / std::sqrt(double(n)));
}

TEST(VaeDivergence, GradientsEqualFiniteDifferences) {
  for (const auto& options :
       {VaeOptions{.kl = KlEstimate::sampled, .beta = 2}, VaeOptions{.k = 2, .free_bits = .3},
        VaeOptions{.objective = VaeObjective::iwae, .k = 3, .beta = .5}}) {
    const auto vae = small(options);
    expect_gradients_match(*vae, [&] { return objective_of(*vae).loss; });
  }
}

TEST(VaeDivergence, RefusesOptionsThatDoNotGoTogether) {
  const auto iwae = VaeObjective::iwae;
  EXPECT_EQ(message_of([&] { Vae({.objective = iwae, .free_bits = 1}); }),
            "[vae.free_bits] the importance-weighted objective weighs draws and has no divergence "
            "of its own; use objective elbo, or leave it out");
  EXPECT_EQ(message_of([&] { Vae({.objective = iwae, .kl = KlEstimate::closed}); }),
            "[vae.kl] the importance-weighted objective weighs draws and has no divergence of its "
            "own; use objective elbo, or leave it out");
  EXPECT_EQ(message_of([&] { Vae({.kl = KlEstimate::sampled, .free_bits = 1}); }),
            "[vae.free_bits] needs the divergence of each latent variable in closed form; use "
            "posterior diagonal and kl closed");
  EXPECT_EQ(message_of([&] { Vae({.beta = -1}); }),
            "[vae.beta] must be between 0 and 10000, got -1");
}

}  // namespace
}  // namespace kiln
