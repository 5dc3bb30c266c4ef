#include "kiln/prob/diag_normal.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>

namespace kiln {
namespace {

Tensor numbers(std::vector<double> values) { return torch::tensor(values, torch::kDouble); }

TEST(DiagNormal, ClosedFormDivergenceIsTheKnownNumber) {
  const DiagNormal q{numbers({.5, -1, .3}), numbers({.2, -.4, 0})};
  EXPECT_NEAR(q.kl_to_standard().item<double>(), 0.7158614020979046, 1e-15);
}

TEST(DiagNormal, DivergenceFromItselfIsZero) {
  const DiagNormal q{torch::zeros({4, 3}), torch::zeros({4, 3})};
  EXPECT_TRUE(torch::equal(q.kl_to_standard(), torch::zeros({4})));
}

// E_q[log q - log p] over draws, within five standard errors.
TEST(DiagNormal, ClosedFormDivergenceEqualsMonteCarlo) {
  const std::int64_t n = 200000;
  const DiagNormal q{numbers({.5, -1, .3}).expand({n, 3}), numbers({.9, -1.4, .2}).expand({n, 3})};
  Rng rng(8);
  const auto z = q.rsample(rng);
  const auto terms = q.log_prob(z) - standard_normal_log_prob(z);
  const auto error = terms.std().item<double>() / std::sqrt(double(n));
  EXPECT_NEAR(terms.mean().item<double>(), q.kl_to_standard()[0].item<double>(), 5 * error);
}

TEST(DiagNormal, DensityIntegratesToOne) {
  const DiagNormal law{numbers({.7}), numbers({-1.1})};
  const auto grid = torch::linspace(-12, 12, 48001, torch::kDouble).unsqueeze(1);
  // The trapezium rule converges faster than any power of the step for a normal density.
  EXPECT_NEAR(torch::exp(law.log_prob(grid)).sum().item<double>() * 24 / 48000, 1, 1e-12);
}

TEST(DiagNormal, DivergenceFromAnotherIsTheIntegralOfTheLogRatio) {
  const DiagNormal q{numbers({.7}), numbers({-1.1})}, p{numbers({-.4}), numbers({.6})};
  const auto grid = torch::linspace(-12, 12, 48001, torch::kDouble).unsqueeze(1);
  const auto terms = torch::exp(q.log_prob(grid)) * (q.log_prob(grid) - p.log_prob(grid));
  EXPECT_NEAR(q.kl_to(p).item<double>(), terms.sum().item<double>() * 24 / 48000, 1e-12);
  EXPECT_EQ(q.kl_to(q).item<double>(), 0);
  const DiagNormal wide{numbers({.5, -1, .3}), numbers({.2, -.4, 0})};
  const DiagNormal standard{torch::zeros(3, torch::kDouble), torch::zeros(3, torch::kDouble)};
  EXPECT_NEAR(wide.kl_to(standard).item<double>(), 0.7158614020979046, 1e-15);
}

TEST(DiagNormal, ProductHasTheDensityThatQuadratureNormalises) {
  const DiagNormal a{numbers({.7}), numbers({-1.1})}, b{numbers({-.9}), numbers({.4})};
  const auto grid = torch::linspace(-12, 12, 48001, torch::kDouble).unsqueeze(1);
  const auto joint = a.log_prob(grid) + b.log_prob(grid);
  const auto normalised = joint - torch::logsumexp(joint, 0) - std::log(24.0 / 48000);
  const auto law = product(a, b);
  EXPECT_TRUE(torch::allclose(law.log_prob(grid), normalised, 0, 1e-9));
  const auto turned = product(b, a);
  EXPECT_NEAR(turned.mean.item<double>(), law.mean.item<double>(), 1e-15);
  EXPECT_NEAR(turned.log_var.item<double>(), law.log_var.item<double>(), 1e-15);
}

TEST(DiagNormal, ProductOfFarApartPrecisionsStaysFinite) {
  const DiagNormal sharp{torch::tensor({3.f}), torch::tensor({-200.f})};
  const DiagNormal flat{torch::tensor({-5.f}), torch::tensor({200.f})};
  for (const auto& law : {product(sharp, flat), product(flat, sharp)}) {
    EXPECT_EQ(law.mean.item<float>(), 3);
    EXPECT_EQ(law.log_var.item<float>(), -200);
  }
}

TEST(DiagNormal, LogProbIsTheSumOfTheScalarDensities) {
  const DiagNormal law{numbers({1, -2}), numbers({std::log(4.0), std::log(.25)})};
  // x is one standard deviation (2) above and two (1) below the means.
  const auto wanted = -.5 * (1 + 4) - std::log(2.0) - std::log(.5) - std::log(2 * M_PI);
  EXPECT_NEAR(law.log_prob(numbers({3, -3})).item<double>(), wanted, 1e-14);
  const auto z = numbers({.3, -1.2});
  const DiagNormal standard{torch::zeros(2, torch::kDouble), torch::zeros(2, torch::kDouble)};
  EXPECT_DOUBLE_EQ(standard.log_prob(z).item<double>(), standard_normal_log_prob(z).item<double>());
}

TEST(DiagNormal, DrawsHaveItsMomentsAndCarryGradients) {
  const std::int64_t n = 200000;
  const auto mean = numbers({-1.5}).requires_grad_(), log_var = numbers({std::log(9.0)});
  const DiagNormal law{mean.expand({n, 1}), log_var};
  Rng rng(5);
  const auto z = law.rsample(rng);
  EXPECT_NEAR(z.mean().item<double>(), -1.5, 5 * 3 / std::sqrt(double(n)));
  EXPECT_NEAR(z.var().item<double>(), 9, 5 * 9 * std::sqrt(2.0 / double(n)));
  EXPECT_EQ(torch::autograd::grad({z.sum()}, {mean})[0].item<double>(), double(n));
}

}  // namespace
}  // namespace kiln
