#include "kiln/nn/adversarial/critic_mix.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include <cmath>

namespace kiln {
namespace {

Tensor three() { return torch::tensor({-1., -.5, .2}, torch::kFloat64).requires_grad_(); }

double softmax(double sharpness) {
  return mixed_loss(three(), CriticMix::softmax, sharpness).item<double>();
}

TEST(CriticMix, HasThePublishedFormulasValues) {
  EXPECT_NEAR(mixed_loss(three(), CriticMix::mean, 0).item<double>(), -0.4333333333, 1e-10);
  EXPECT_NEAR(mixed_loss(three(), CriticMix::max, 0).item<double>(), .2, 1e-15);
  EXPECT_NEAR(softmax(0), -0.4333333333, 1e-10);
  EXPECT_NEAR(softmax(1), -0.19439918007471862, 1e-12);
  EXPECT_NEAR(softmax(10), 0.1993549017863353, 1e-12);
}

TEST(CriticMix, SoftmaxRisesFromTheMeanToTheMaximum) {
  double last = softmax(0);
  for (const double sharpness : {.1, .5, 1., 2., 5., 20., 100.}) {
    EXPECT_GT(softmax(sharpness), last);
    last = softmax(sharpness);
  }
  EXPECT_NEAR(softmax(1000), .2, 1e-12);
}

TEST(CriticMix, EqualCriticsAreOneCritic) {
  const auto equal = torch::full({4}, .7, torch::kFloat64);
  for (const auto mix : {CriticMix::mean, CriticMix::max, CriticMix::softmax})
    EXPECT_NEAR(mixed_loss(equal, mix, 3).item<double>(), .7, 1e-15);
}

TEST(CriticMix, EveryCriticPullsWithItsWeight) {
  const auto pull = [](CriticMix mix, double sharpness) {
    const auto losses = three();
    return torch::autograd::grad({mixed_loss(losses, mix, sharpness)}, {losses})[0];
  };
  EXPECT_TRUE(torch::allclose(pull(CriticMix::mean, 0), torch::full({3}, 1. / 3, torch::kFloat64)));
  EXPECT_TRUE(torch::allclose(pull(CriticMix::softmax, 0), pull(CriticMix::mean, 0)));
  EXPECT_TRUE(torch::equal(pull(CriticMix::max, 0), torch::tensor({0., 0., 1.}, torch::kFloat64)));
  const double total = std::exp(-2.) + std::exp(-1.) + std::exp(.4);
  EXPECT_TRUE(torch::allclose(
      pull(CriticMix::softmax, 2),
      torch::tensor({std::exp(-2.) / total, std::exp(-1.) / total, std::exp(.4) / total},
                    torch::kFloat64)));
}

}  // namespace
}  // namespace kiln
