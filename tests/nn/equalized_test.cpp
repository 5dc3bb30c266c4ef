#include "kiln/nn/equalized.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "kiln/core/rng.h"

namespace kiln {
namespace {

// n independent numbers of variance v: the variance of their mean square is 2 v^2 / n.
void expect_variance(const Tensor& x, double wanted) {
  const double n = static_cast<double>(x.numel());
  EXPECT_NEAR(x.square().mean().item<double>(), wanted, 5 * wanted * std::sqrt(2 / n));
}

TEST(Equalized, WeightsAreStandardNormalAndBiasesZero) {
  torch::manual_seed(1);
  const EqualizedConv2d conv(EqualizedOptions{.in = 40, .out = 50, .kernel = 3});
  expect_variance(conv->weight.detach(), 1);
  EXPECT_EQ(conv->bias.abs().sum().item<float>(), 0);
}

// Of one input after another, new weights each time: outputs of a layer share their inputs, so
// only the weights' draws are independent.
TEST(Equalized, OutputsHaveTheVarianceOfTheGain) {
  torch::manual_seed(2);
  torch::NoGradGuard no_grad;
  Rng rng(3);
  const auto maps = rng.normal({1, 16, 5, 5});
  const auto inside = maps.slice(2, 1, 4).slice(3, 1, 4).square().mean().item<double>();
  const EqualizedConv2d conv(EqualizedOptions{.in = 16, .out = 4000, .kernel = 3});
  expect_variance(conv->forward(maps).select(3, 2).select(2, 2), 2 * inside);
  const auto x = rng.normal({1, 64});
  const EqualizedLinear dense(EqualizedOptions{.in = 64, .out = 4000, .gain = 1});
  expect_variance(dense->forward(x), x.square().mean().item<double>());
}

TEST(Equalized, TheBiasStandsOutsideOfTheScale) {
  torch::NoGradGuard no_grad;
  const EqualizedConv2d conv(EqualizedOptions{.in = 2, .out = 1, .kernel = 3, .gain = 3});
  conv->weight.fill_(1);
  conv->bias.fill_(.5);
  const auto y = conv->forward(torch::ones({1, 2, 3, 3}));
  EXPECT_NEAR(y[0][0][1][1].item<double>(), 18 * 3 / std::sqrt(18.) + .5, 1e-5);
  EXPECT_NEAR(y[0][0][0][0].item<double>(), 8 * 3 / std::sqrt(18.) + .5, 1e-5) << "zeros beyond";
  const EqualizedLinear dense(EqualizedOptions{.in = 4, .out = 1, .gain = 1, .bias = false});
  dense->weight.fill_(1);
  EXPECT_NEAR(dense->forward(torch::ones({1, 4})).item<double>(), 2, 1e-6);
  EXPECT_FALSE(dense->bias.defined());
}

}  // namespace
}  // namespace kiln
