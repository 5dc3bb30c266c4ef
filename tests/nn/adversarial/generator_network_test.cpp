#include "kiln/nn/adversarial/generator_network.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "kiln/core/error.h"
#include "kiln/core/rng.h"
#include "tests/support/orthogonal.h"

namespace kiln {
namespace {

TEST(GeneratorNetwork, DenseLayersStartOrthogonalWithoutBias) {
  auto net =
      make_dense_generator({.inputs = 6, .hidden = 9, .layers = 2, .outputs = 4, .images = false});
  const auto weights = net->parameters();
  ASSERT_EQ(weights.size(), 6u);
  EXPECT_NEAR(gain_of(weights[0]), std::sqrt(2.), 1e-6);  // before a ReLU
  EXPECT_NEAR(gain_of(weights[2]), std::sqrt(2.), 1e-6);
  EXPECT_NEAR(gain_of(weights[4]), 1, 1e-6);
  for (const std::size_t bias : {1, 3, 5}) EXPECT_EQ(weights[bias].abs().sum().item<double>(), 0);
}

// By hand: W_2 relu(W_1 z).
TEST(GeneratorNetwork, DenseIsItsLayersAndATanhOnlyForImages) {
  for (const bool images : {false, true}) {
    auto net = make_dense_generator(
        {.inputs = 3, .hidden = 5, .layers = 1, .outputs = 2, .images = images});
    Rng rng(1);
    const auto z = 4 * rng.normal({7, 3});
    const auto w = net->parameters();
    const auto sum = torch::mm(torch::relu(torch::mm(z, w[0].t())), w[2].t());
    EXPECT_TRUE(torch::allclose(net->forward(z), images ? torch::tanh(sum) : sum, 1e-5, 1e-6));
    EXPECT_GT(sum.abs().max().item<double>(), 1);
  }
}

TEST(GeneratorNetwork, ConvolutionsDoubleUpToImagesInMinusOneToOne) {
  for (const std::int64_t side : {8, 28, 32}) {
    auto net = make_conv_generator({.inputs = 4, .channels = 3, .side = side, .filters = 2});
    Rng rng(2);
    torch::NoGradGuard no_grad;
    for (auto& weight : net->parameters())
      if (weight.dim() == 4) weight.copy_(rng.normal(weight.sizes()));
    const auto x = net->forward(rng.normal({5, 4, 1, 1}));
    EXPECT_EQ(x.sizes(), torch::IntArrayRef({5, 3, side, side}));
    EXPECT_LE(x.abs().max().item<double>(), 1);
    EXPECT_GT(x.abs().max().item<double>(), .9);
    for (const auto& entry : net->named_parameters())  // batch normalisation has the biases
      EXPECT_TRUE(entry.value().dim() == 4 || entry.value().dim() == 1) << entry.key();
  }
}

// 0.02 of weights, 1 +- 0.02 of scales: of n draws the deviation is off by 0.02 / sqrt(2 n).
TEST(GeneratorNetwork, StartsAsThePaperSays) {
  auto net = make_conv_generator({.inputs = 50, .channels = 1, .side = 28, .filters = 32});
  torch::manual_seed(3);
  start_dcgan_weights(*net);
  for (const auto& entry : net->named_parameters()) {
    if (!entry.key().ends_with("weight")) continue;
    const auto& w = entry.value();
    const auto n = static_cast<double>(w.numel());
    EXPECT_NEAR(w.std().item<double>(), .02, 5 * .02 / std::sqrt(2 * n)) << entry.key();
    EXPECT_NEAR(w.mean().item<double>(), w.dim() == 1 ? 1 : 0, 5 * .02 / std::sqrt(n));
  }
}

TEST(GeneratorNetwork, RefusesImagesThatCannotBeHalved) {
  EXPECT_NO_THROW(check_conv_image("gan", 1, 28, 28));
  EXPECT_THROW(check_conv_image("gan", 0, 28, 28), ConfigError);
  EXPECT_THROW(check_conv_image("gan", 1, 28, 32), ConfigError);
  EXPECT_THROW(check_conv_image("gan", 1, 30, 30), ConfigError);
  EXPECT_THROW(check_conv_image("gan", 1, 4, 4), ConfigError);
}

}  // namespace
}  // namespace kiln
