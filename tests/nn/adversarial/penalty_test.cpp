#include "kiln/nn/adversarial/penalty.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/nn/adversarial/dense_critic.h"

namespace kiln {
namespace {

TEST(GradientPenalty, OfALinearCriticIsTheNormsDistanceFromOne) {
  Rng rng(1);
  const auto w = torch::tensor({3., 4.}, torch::kFloat64).requires_grad_();
  const auto critic = [&](const Tensor& x) { return x.mv(w); };
  const auto real = torch::randn({6, 2}, torch::kFloat64), fake = torch::randn_like(real);
  EXPECT_NEAR(gradient_penalty(critic, real, fake, rng).item<double>(), 16, 1e-9);
  EXPECT_NEAR(r1_penalty(critic, real).item<double>(), 12.5, 1e-12);
  const auto slope = torch::autograd::grad({gradient_penalty(critic, real, fake, rng)}, {w})[0];
  EXPECT_TRUE(torch::allclose(slope, 2 * 4 * w.detach() / 5, 1e-9));
}

TEST(GradientPenalty, LooksBetweenThePairs) {
  Rng rng(2);
  const auto real = torch::full({2000, 1}, 2.f), fake = torch::full({2000, 1}, 3.f);
  Tensor seen;
  gradient_penalty(
      [&](const Tensor& x) {
        seen = x.detach();
        return x.square().sum(1);
      },
      real, fake, rng);
  EXPECT_GE(seen.min().item<double>(), 2);
  EXPECT_LE(seen.max().item<double>(), 3);
  EXPECT_NEAR(seen.mean().item<double>(), 2.5, 5 * std::sqrt(1 / 12. / 2000));
  EXPECT_NEAR(seen.var().item<double>(), 1 / 12., .01);
}

// Second order: the penalty's gradient by the weights, by finite differences in float64.
TEST(GradientPenalty, GradientIsThatOfFiniteDifferences) {
  torch::manual_seed(3);
  DenseCritic critic({.hidden = 5});
  critic.to(torch::kFloat64);
  const auto real = torch::randn({6, 2}, torch::kFloat64), fake = torch::randn_like(real);
  const auto penalty = [&](bool r1) {
    Rng rng(7);
    const auto call = [&](const Tensor& x) { return critic.forward(x); };
    return r1 ? r1_penalty(call, real) : gradient_penalty(call, real, fake, rng);
  };
  for (const bool r1 : {false, true})
    for (auto& weight : critic.parameters()) {
      const auto exact =
          torch::autograd::grad({penalty(r1)}, {weight}, {}, {}, false, /*allow_unused=*/true)[0];
      for (std::int64_t i = 0; i < std::min<std::int64_t>(weight.numel(), 4); ++i) {
        const double h = 1e-6;
        double side[2];
        for (const int s : {0, 1}) {
          auto at = weight.detach().view(-1)[i];
          at += s ? h : -h;
          side[s] = penalty(r1).item<double>();
          at -= s ? h : -h;
        }
        EXPECT_NEAR(exact.defined() ? exact.view(-1)[i].item<double>() : 0,
                    (side[1] - side[0]) / (2 * h), 1e-6);
      }
    }
}

TEST(DenseCritic, SpectralNormMakesEveryLargestSingularValueOne) {
  torch::manual_seed(5);
  DenseCritic critic({.inputs = 6, .hidden = 9, .layers = 3, .settings = {.spectral_norm = true}});
  for (auto& weight : critic.parameters()) weight.detach().add_(torch::randn_like(weight), .3);
  for (int i = 0; i < 200; ++i) critic.power_step();
  for (const auto& weight : critic.used_weights())
    EXPECT_NEAR(at::linalg_svdvals(weight.detach())[0].item<double>(), 1, 1e-2);
}

// A loss that does not change with W's length has no slope along W.
TEST(DenseCritic, SpectralNormHasNoSlopeAlongTheWeights) {
  torch::manual_seed(6);
  DenseCritic critic({.inputs = 4, .hidden = 7, .settings = {.spectral_norm = true}});
  const auto x = torch::randn({8, 4});
  const auto weights = critic.parameters();
  const auto slopes = torch::autograd::grad({critic.forward(x).square().mean()}, weights);
  for (std::size_t i = 0; i < weights.size(); i += 2) {
    const double along = (slopes[i] * weights[i]).sum().item<double>();
    EXPECT_NEAR(along, 0, 1e-5 * slopes[i].norm().item<double>());
    EXPECT_GT(slopes[i].norm().item<double>(), 1e-4);
  }
}

TEST(DenseCritic, IsItsLayersByHand) {
  torch::manual_seed(8);
  DenseCritic critic({.inputs = 3, .hidden = 4, .layers = 1, .settings = {.slope = .3}});
  for (auto& weight : critic.parameters()) weight.detach().add_(torch::randn_like(weight));
  const auto w = critic.parameters();
  const auto x = torch::randn({5, 3}), y = critic.forward(x);
  for (std::int64_t i = 0; i < 5; ++i) {
    double out = w[3].item<double>();
    for (std::int64_t j = 0; j < 4; ++j) {
      double h = w[1][j].item<double>();
      for (std::int64_t k = 0; k < 3; ++k) h += (w[0][j][k] * x[i][k]).item<double>();
      out += w[2][0][j].item<double>() * (h > 0 ? h : .3 * h);
    }
    EXPECT_NEAR(y[i].item<double>(), out, 1e-5);
  }
}

TEST(DenseCritic, ApplyTakesOtherParameters) {
  torch::manual_seed(7);
  DenseCritic one({.hidden = 5}), other({.hidden = 5});
  const auto x = torch::randn({4, 2});
  EXPECT_TRUE(torch::equal(one.apply(other.parameters(), x), other.forward(x)));
  EXPECT_FALSE(torch::equal(one.forward(x), other.forward(x)));
}

}  // namespace
}  // namespace kiln
