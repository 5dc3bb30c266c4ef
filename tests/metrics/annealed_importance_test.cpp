#include "kiln/metrics/annealed_importance.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "kiln/prob/diag_normal.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

constexpr auto kDouble = torch::kFloat64;

Tensor normals(Rng& rng, at::IntArrayRef shape) { return rng.normal(shape).to(kDouble); }

AnnealedTarget with_standard_prior(std::int64_t items, std::int64_t latent) {
  return {.items = items,
          .sample_prior =
              [=](std::int64_t count, Rng& rng) {
                return normals(rng, {count, latent});
              },
          .log_prior = standard_normal_log_prob};
}

// x = W z + sqrt(s2) noise, z ~ N(0, I): x ~ N(0, W W' + s2 I).
struct LinearGaussian {
  double s2 = .25;
  Tensor w = torch::tensor({{1., .5}, {0., 1.}, {.3, -.7}}, kDouble);

  Tensor log_likelihood(const Tensor& x, const Tensor& z) const {
    const auto error = x - torch::matmul(z, w.t());
    return -.5 * (error.square().sum(-1) / s2 + 3 * std::log(2 * M_PI * s2));
  }
  AnnealedTarget target(const Tensor& x) const {
    auto target = with_standard_prior(x.size(0), 2);
    target.log_likelihood = [this, x](const Tensor& z) { return log_likelihood(x, z); };
    return target;
  }
  Tensor log_prob(const Tensor& x) const {  // [B, 3] -> [B]
    const auto covariance = torch::matmul(w, w.t()) + s2 * torch::eye(3, kDouble);
    const auto squares = (torch::matmul(x, covariance.inverse()) * x).sum(1);
    return -.5 * (squares + torch::logdet(covariance) + 3 * std::log(2 * M_PI));
  }
};

struct Mean {
  double value, error;
};

Mean mean_of(const Tensor& draws) {
  return {draws.mean().item<double>(),
          draws.std().item<double>() / std::sqrt(static_cast<double>(draws.numel()))};
}

TEST(AnnealedImportance, TheScheduleIsASigmoidFromZeroToOne) {
  const auto s = [](double u) { return 1 / (1 + std::exp(-u)); };
  const auto betas = sigmoidal_schedule(8);
  ASSERT_EQ(betas.size(), 9u);
  EXPECT_EQ(betas.front(), 0);
  EXPECT_EQ(betas.back(), 1);
  EXPECT_NEAR(betas[4], .5, 1e-15);
  EXPECT_NEAR(betas[2], (s(-2) - s(-4)) / (s(4) - s(-4)), 1e-15);
  for (std::size_t t = 0; t < 8; ++t) {
    EXPECT_LT(betas[t], betas[t + 1]);
    EXPECT_NEAR(betas[t] + betas[8 - t], 1, 1e-15);
  }
  EXPECT_EQ(sigmoidal_schedule(1), (std::vector<double>{0, 1}));
}

TEST(AnnealedImportance, WeightsOfALinearGaussianAverageToItsDensity) {
  const LinearGaussian model;
  const auto x = torch::tensor({{.4, -1., .7}}, kDouble);
  const double exact = -3.184204204842089;
  EXPECT_NEAR(model.log_prob(x).item<double>(), exact, 1e-12);
  for (const std::int64_t temperatures : {8, 40}) {
    Rng rng(1);
    const auto found = annealed_log_prob(
        model.target(x), {.temperatures = temperatures, .chains = 4000, .leapfrog = 4, .pilot = 8},
        rng);
    const auto ratio = mean_of((found.log_weights - exact).exp());
    EXPECT_NEAR(ratio.value, 1, 5 * ratio.error);
    EXPECT_LT(ratio.error, .03);
    EXPECT_NEAR(found.log_prob.item<double>(), exact, 6 * ratio.error);
  }
}

TEST(AnnealedImportance, OneStepIsImportanceSamplingFromThePrior) {
  const LinearGaussian model;
  Rng rng(2);
  const auto x = normals(rng, {3, 3});
  auto twin = rng;
  const auto found = annealed_log_prob(model.target(x), {.temperatures = 1, .chains = 50}, rng);
  const auto weights = model.log_likelihood(x, normals(twin, {150, 2}).view({50, 3, 2}));
  EXPECT_TRUE(torch::equal(found.log_weights, weights));
  EXPECT_LT((found.log_prob.exp() - weights.exp().mean(0)).abs().max().item<double>(), 1e-15);
  const auto size = weights.exp().sum(0).square() / weights.exp().square().sum(0);
  EXPECT_LT((found.effective_size - size).abs().max().item<double>(), 1e-10);
  EXPECT_TRUE(std::isnan(found.acceptance));
  EXPECT_EQ(rng.state(), twin.state()) << "no pilot where nothing moves";
}

// Step sizes that knew the chains' own noise would spoil E[w] = p(x).
TEST(AnnealedImportance, StepSizesAreFoundByOtherChains) {
  const LinearGaussian model;
  auto target = model.target(torch::zeros({2, 3}, kDouble));
  std::vector<Tensor> starts;
  target.sample_prior = [&](std::int64_t count, Rng& rng) {
    starts.push_back(normals(rng, {count, 2}));
    return starts.back();
  };
  Rng rng(7);
  annealed_log_prob(target, {.temperatures = 2, .chains = 3, .leapfrog = 2, .pilot = 2}, rng);
  ASSERT_EQ(starts.size(), 2u);
  EXPECT_EQ(starts[0].sizes(), starts[1].sizes());
  EXPECT_FALSE(torch::allclose(starts[0], starts[1]));
}

// 4000 items that the model drew, a chain each; three steps leave a gap to be seen.  With s2 = 2
// the largest eigenvalue of W' W / s2 is below 1, so that even int p(z) / p(x|z) dz, the second
// moment of a step back, is finite.
TEST(AnnealedImportance, TheTruthLiesBetweenForwardAndReverse) {
  const LinearGaussian model{.s2 = 2};
  Rng rng(3);
  const auto z = normals(rng, {4000, 2});
  const auto x = torch::matmul(z, model.w.t()) + std::sqrt(model.s2) * normals(rng, {4000, 3});
  const auto exact = model.log_prob(x);
  const AnnealedOptions options{.temperatures = 3, .chains = 1, .leapfrog = 4, .pilot = 3};
  const auto below = annealed_log_prob(model.target(x), options, rng).log_prob - exact;
  const auto above = reverse_annealed_log_prob(model.target(x), z, options, rng).log_prob - exact;
  EXPECT_LT(mean_of(below).value, -5 * mean_of(below).error);
  EXPECT_GT(mean_of(above).value, 5 * mean_of(above).error);
  const auto forward = mean_of(below.exp()), reverse = mean_of((-above).exp());
  EXPECT_NEAR(forward.value, 1, 5 * forward.error);
  EXPECT_NEAR(reverse.value, 1, 5 * reverse.error);
}

TEST(AnnealedImportance, SeveralChainsBackAreTheMeanOfTheirReciprocals) {
  const LinearGaussian model;
  Rng rng(4);
  const auto z = normals(rng, {2, 2}), x = normals(rng, {2, 3});
  const auto found = reverse_annealed_log_prob(
      model.target(x), z, {.temperatures = 4, .chains = 30, .leapfrog = 3, .pilot = 5}, rng);
  const auto inverse = (-found.log_weights).exp();
  EXPECT_LT((found.log_prob + inverse.mean(0).log()).abs().max().item<double>(), 1e-12);
  const auto size = inverse.sum(0).square() / inverse.square().sum(0);
  EXPECT_LT((found.effective_size - size).abs().max().item<double>(), 1e-10);
  EXPECT_GT(inverse.std(0).min().item<double>(), 0) << "the chains part";
}

// The first step of weights back is at the posterior's draw itself.
TEST(AnnealedImportance, OneStepBackIsTheLikelihoodAtTheDraw) {
  const LinearGaussian model;
  Rng rng(5);
  const auto z = normals(rng, {4, 2}), x = normals(rng, {4, 3});
  const auto found =
      reverse_annealed_log_prob(model.target(x), z, {.temperatures = 1, .chains = 3}, rng);
  EXPECT_LT((found.log_prob - model.log_likelihood(x, z)).abs().max().item<double>(), 1e-12);
}

// int N(z; 0, I) exp(-a |z|^2 / 2) dz = (1 + a)^(-J/2), with another a for each item.
TEST(AnnealedImportance, IsTheRatioOfGaussiansItemByItem) {
  const auto a = torch::tensor({0., 1., 10., 50.}, kDouble);
  auto target = with_standard_prior(4, 3);
  target.log_likelihood = [&](const Tensor& z) { return -.5 * a * z.square().sum(-1); };
  Rng rng(6);
  const auto found = annealed_log_prob(
      target, {.temperatures = 40, .chains = 1500, .leapfrog = 5, .pilot = 10}, rng);
  const auto exact = -1.5 * torch::log1p(a);
  for (std::int64_t b = 0; b < 4; ++b) {
    const auto ratio = mean_of((found.log_weights.select(1, b) - exact[b]).exp());
    EXPECT_NEAR(ratio.value, 1, 5 * ratio.error + 1e-12) << b;
    EXPECT_LT(ratio.error, .1) << b;
  }
  EXPECT_NEAR(found.effective_size[0].item<double>(), 1500, 1e-6);
}

// A likelihood that has nothing to do with z, in float32: every path has its weight.
TEST(AnnealedImportance, AConstantLikelihoodIsFoundByEveryChain) {
  AnnealedTarget target{.items = 2,
                        .sample_prior =
                            [](std::int64_t count, Rng& rng) {
                              return rng.normal({count, 3});
                            },
                        .log_prior = standard_normal_log_prob,
                        .log_likelihood =
                            [](const Tensor& z) {
                              return torch::tensor({-.5f, 2.f}).expand({z.size(0), 2});
                            }};
  Rng rng(7);
  const auto found = annealed_log_prob(target, {.temperatures = 9, .chains = 5, .pilot = 4}, rng);
  EXPECT_EQ(found.log_weights.scalar_type(), kDouble);
  EXPECT_LT((found.log_weights - torch::tensor({-.5, 2.}, kDouble)).abs().max().item<double>(),
            1e-12);
}

// x = z^2 + noise has two equally good z.  Importance draws from a law that knows one of them, as
// an encoder might, find half of p(x); annealing from the prior finds both.
TEST(AnnealedImportance, FindsTheModesThatAProposalMisses) {
  const double x = 4, s = .2;
  const auto log_likelihood = [=](const Tensor& z) {
    return -.5 * ((x - z.square()) / s).square() - std::log(s * std::sqrt(2 * M_PI));
  };
  const auto grid = torch::arange(-6, 6, 1e-3, kDouble).unsqueeze(1);
  const double exact = (standard_normal_log_prob(grid) + log_likelihood(grid.squeeze(1)))
                           .exp()
                           .sum()
                           .mul(1e-3)
                           .log()
                           .item<double>();
  auto target = with_standard_prior(1, 1);
  target.log_likelihood = [&](const Tensor& z) { return log_likelihood(z.squeeze(-1)); };
  Rng rng(8);
  const AnnealedOptions options{.temperatures = 100, .chains = 300, .leapfrog = 5, .pilot = 8};
  const auto found = annealed_log_prob(target, options, rng);
  const auto ratio = mean_of((found.log_weights - exact).exp());
  EXPECT_NEAR(ratio.value, 1, 5 * ratio.error);
  EXPECT_LT(ratio.error, .1);

  const double width = .06;  // of the posterior about z = 2, a little widened: s / (2 z) = .05
  const auto noise = normals(rng, {300 * 100 * 5, 1}), z = 2 + width * noise;
  const auto weights = standard_normal_log_prob(z) + log_likelihood(z.squeeze(1)) -
                       (standard_normal_log_prob(noise) - std::log(width));
  EXPECT_NEAR(weights.exp().mean().log().item<double>(), exact - std::log(2), .02);
}

// Prior deviations of a hundredth and a hundred, and likelihoods a hundred times sharper: the step
// sizes are neither idle nor refused.  Between the pilot's temperatures they are rather too small.
TEST(AnnealedImportance, StepSizesFollowTheScaleOfTheLaw) {
  for (const double scale : {.01, 100.}) {
    AnnealedTarget target{
        .items = 2,
        .sample_prior =
            [=](std::int64_t count, Rng& rng) {
              return scale * normals(rng, {count, 10});
            },
        .log_prior = [=](const Tensor& z) { return standard_normal_log_prob(z / scale); },
        .log_likelihood = [=](const Tensor& z) { return -5e3 * (z / scale - 1).square().sum(-1); }};
    Rng rng(9);
    const auto found = annealed_log_prob(
        target, {.temperatures = 40, .chains = 20, .leapfrog = 5, .pilot = 25}, rng);
    EXPECT_NEAR(found.acceptance, .65, .15) << scale;
  }
}

// p(z) = 3/4 (1 - z^2) on [-1, 1], the law of the middle of three uniform numbers, whose logarithm
// is NaN elsewhere; p(x|z) = e^(3z).  Trajectories that leave the interval end where they began.
TEST(AnnealedImportance, PlacesWithoutADensityAreNotEntered) {
  AnnealedTarget target{
      .items = 1,
      .sample_prior =
          [](std::int64_t count, Rng& rng) {
            const auto three = std::get<0>(rng.uniform({count, 3}).to(kDouble).sort(1));
            return 2 * three.narrow(1, 1, 1) - 1;
          },
      .log_prior = [](const Tensor& z) { return (.75 * (1 - z.square())).log().squeeze(-1); },
      .log_likelihood = [](const Tensor& z) { return 3 * z.squeeze(-1); }};
  // 3/4 int (1 - z^2) e^(az) dz = 3 (a cosh a - sinh a) / a^3.
  const double exact = std::log((3 * std::cosh(3) - std::sinh(3)) / 9);
  Rng rng(11);
  const auto found = annealed_log_prob(
      target, {.temperatures = 10, .chains = 2000, .leapfrog = 4, .pilot = 4}, rng);
  const auto ratio = mean_of((found.log_weights - exact).exp());
  EXPECT_NEAR(ratio.value, 1, 5 * ratio.error);
  EXPECT_LT(ratio.error, .02);
  EXPECT_GT(found.acceptance, .4);
}

TEST(AnnealedImportance, RefusesWhatDoesNotFit) {
  const LinearGaussian model;
  const auto good = model.target(torch::zeros({2, 3}, kDouble));
  Rng rng(10);
  const auto refusal = [&](const AnnealedTarget& target, const AnnealedOptions& options) {
    return message_of([&] { annealed_log_prob(target, options, rng); });
  };
  EXPECT_EQ(refusal(good, {.temperatures = 0}),
            "[annealed_importance] temperatures must be positive, got 0");
  EXPECT_EQ(refusal(good, {.chains = 0}), "[annealed_importance] chains must be positive, got 0");
  EXPECT_EQ(refusal(good, {.leapfrog = 0}),
            "[annealed_importance] leapfrog must be positive, got 0");
  EXPECT_EQ(refusal(good, {.pilot = 0}), "[annealed_importance] pilot must be positive, got 0");
  auto wrong = good;
  wrong.items = 0;
  EXPECT_EQ(refusal(wrong, {}), "[annealed_importance] items must be positive, got 0");
  wrong.items = 3;
  wrong.log_likelihood = [](const Tensor& z) { return z.sum(-1).sum(0); };
  EXPECT_EQ(refusal(wrong, {.temperatures = 1, .chains = 4}),
            "[annealed_importance] log_likelihood(z) must have shape [4, 3], got [3]");
  wrong.log_prior = [](const Tensor& z) { return z; };
  EXPECT_EQ(refusal(wrong, {.temperatures = 1, .chains = 4}),
            "[annealed_importance] log_prior(z) must have shape [4, 3], got [4, 3, 2]");
  wrong.sample_prior = [](std::int64_t, Rng&) { return torch::zeros({5, 2}); };
  EXPECT_EQ(refusal(wrong, {.temperatures = 1, .chains = 4}),
            "[annealed_importance] sample_prior(count) must have shape [12, *], got [5, 2]");
  EXPECT_EQ(message_of([&] {
              reverse_annealed_log_prob(good, torch::zeros({3, 2}), {}, rng);
            }),
            "[annealed_importance] z must have shape [2, *], got [3, 2]");
}

}  // namespace
}  // namespace kiln
