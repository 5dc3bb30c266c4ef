#include "kiln/nn/adversarial/critic_network.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "kiln/core/error.h"
#include "kiln/nn/adversarial/conv_critic.h"
#include "kiln/nn/adversarial/dense_critic.h"
#include "tests/support/orthogonal.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

Tensor one_hot(std::initializer_list<std::int64_t> classes, std::int64_t count) {
  return torch::one_hot(torch::tensor(std::vector<std::int64_t>(classes)), count)
      .to(torch::kFloat32);
}

// sqrt(2 / (1 + slope^2)) keeps the size of what a leaky ReLU lets through; the head has 1.
TEST(CriticNetwork, StartsOrthogonalWithTheGainOfALeakyReLU) {
  const double gain = std::sqrt(2 / (1 + .3 * .3));
  const DenseCritic dense({.inputs = 3, .hidden = 5, .layers = 2, .settings = {.slope = .3}});
  const ConvCritic conv({.channels = 2, .side = 8, .filters = 3, .settings = {.slope = .3}});
  for (const auto& w : {dense.parameters(), conv.parameters()}) {
    for (std::size_t i = 0; i < w.size(); i += 2) {
      EXPECT_NEAR(gain_of(w[i]), i + 2 < w.size() ? gain : 1, 1e-5) << i;
      EXPECT_EQ(w[i + 1].abs().max().item<double>(), 0);
    }
  }
}

TEST(ConvCritic, IsItsConvolutionsByHand) {
  torch::manual_seed(1);
  ConvCritic critic({.channels = 2, .side = 8, .filters = 3, .settings = {.slope = .1}});
  for (auto& weight : critic.parameters()) weight.detach().add_(torch::randn_like(weight), .1);
  const auto w = critic.parameters();
  const auto x = torch::randn({1, 2, 8, 8}), out = critic.forward(x);
  double sum = w[3].item<double>();
  for (std::int64_t f = 0; f < 3; ++f)
    for (std::int64_t r = 0; r < 4; ++r)
      for (std::int64_t c = 0; c < 4; ++c) {
        double a = w[1][f].item<double>();
        for (std::int64_t i = 0; i < 2; ++i)
          for (std::int64_t dr = 0; dr < 4; ++dr)
            for (std::int64_t dc = 0; dc < 4; ++dc) {
              const auto row = 2 * r - 1 + dr, column = 2 * c - 1 + dc;
              if (row < 0 || row > 7 || column < 0 || column > 7) continue;
              a += w[0][f][i][dr][dc].item<double>() * x[0][i][row][column].item<double>();
            }
        sum += w[2][0][(f * 4 + r) * 4 + c].item<double>() * (a > 0 ? a : .1 * a);
      }
  EXPECT_NEAR(out.item<double>(), sum, 1e-4);
}

TEST(ConvCritic, SpectralNormIsThatOfTheReshapedKernel) {
  torch::manual_seed(2);
  ConvCritic critic(
      {.channels = 3, .side = 16, .filters = 4, .settings = {.spectral_norm = true, .classes = 5}});
  for (auto& weight : critic.parameters()) weight.detach().add_(torch::randn_like(weight), .3);
  for (int i = 0; i < 200; ++i) critic.power_step();
  const auto weights = critic.used_weights();
  ASSERT_EQ(weights.size(), 3u);
  EXPECT_EQ(weights[0].size(1), 3 + 5);
  for (const auto& weight : weights)
    EXPECT_NEAR(at::linalg_svdvals(weight.detach().flatten(1))[0].item<double>(), 1, 1e-2);
}

TEST(CriticNetwork, ConcatenatedLabelsAreInputsOfTheirOwn) {
  torch::manual_seed(3);
  DenseCritic with({.inputs = 2, .hidden = 6, .settings = {.classes = 3}});
  DenseCritic plain({.inputs = 5, .hidden = 6});
  const auto x = torch::randn({4, 2}), y = one_hot({0, 2, 1, 2}, 3);
  EXPECT_TRUE(
      torch::equal(with.forward(x, y), plain.apply(with.parameters(), torch::cat({x, y}, 1))));
  ConvCritic maps({.channels = 1, .side = 8, .filters = 2, .settings = {.classes = 3}});
  ConvCritic four({.channels = 4, .side = 8, .filters = 2});
  const auto image = torch::randn({4, 1, 8, 8});
  const auto beside = y.view({4, 3, 1, 1}).expand({4, 3, 8, 8});
  EXPECT_TRUE(torch::equal(maps.forward(image, y),
                           four.apply(maps.parameters(), torch::cat({image, beside}, 1))));
}

// a = w phi + b + v_y phi.
TEST(CriticNetwork, ProjectionAddsTheClassesOwnVector) {
  torch::manual_seed(4);
  DenseCritic critic(
      {.inputs = 2, .hidden = 6, .settings = {.classes = 3, .label = CriticLabel::projection}});
  const auto x = torch::randn({4, 2}), y = one_hot({0, 2, 1, 2}, 3);
  const auto phi = critic.features(x, y), a = critic.forward(x, y);
  EXPECT_EQ(phi.sizes(), torch::IntArrayRef({4, critic.feature_count()}));
  EXPECT_TRUE(torch::equal(critic.output(phi, y), a));
  const auto w = critic.named_parameters();
  const std::int64_t of[]{0, 2, 1, 2};
  for (std::int64_t i = 0; i < 4; ++i) {
    const auto weight = w["layers.2.weight"][0] + w["embedding.weight"][of[i]];
    EXPECT_NEAR(a[i].item<double>(),
                (at::dot(weight, phi[i]) + w["layers.2.bias"][0]).item<double>(), 1e-5);
  }
  EXPECT_TRUE(torch::equal(phi, critic.features(x, one_hot({1, 1, 1, 1}, 3))));
}

TEST(CriticNetwork, MinibatchDeviationIsThatOfFourNeighbours) {
  torch::manual_seed(5);
  DenseCritic critic({.inputs = 2, .hidden = 6, .settings = {.minibatch_deviation = true}});
  const auto x = torch::randn({8, 2});
  const auto phi = critic.features(x), a = critic.forward(x);
  const auto w = critic.named_parameters();
  for (std::int64_t i = 0; i < 8; ++i) {
    const auto group = phi.narrow(0, i < 4 ? 0 : 4, 4);
    double mean = 0;
    for (std::int64_t f = 0; f < 6; ++f) {
      double m = 0, v = 0;
      for (std::int64_t j = 0; j < 4; ++j) m += group[j][f].item<double>() / 4;
      for (std::int64_t j = 0; j < 4; ++j) v += std::pow(group[j][f].item<double>() - m, 2) / 4;
      mean += std::sqrt(v + 1e-8) / 6;
    }
    const auto weight = w["layers.2.weight"][0];
    const double expected =
        (at::dot(weight.narrow(0, 0, 6), phi[i]) + w["layers.2.bias"][0]).item<double>() +
        weight[6].item<double>() * mean;
    EXPECT_NEAR(a[i].item<double>(), expected, 1e-5);
  }
  const auto same = x.narrow(0, 0, 1).expand({4, 2}).contiguous().requires_grad_();
  const auto slope = torch::autograd::grad({critic.forward(same).sum()}, {same})[0];
  EXPECT_TRUE(slope.isfinite().all().item<bool>());
  EXPECT_EQ(message_of<ShapeError>([&] {
              critic.forward(torch::randn({6, 2}));
            }),
            "[critic.minibatch_deviation] 6 rows are no multiple of 4; give such a number of "
            "items or of packs");
}

}  // namespace
}  // namespace kiln
