#include "kiln/nn/residual_generator.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/nn/adversarial/patch_critic.h"

namespace kiln {
namespace {

std::int64_t weights_in(const torch::nn::Module& net) {
  std::int64_t count = 0;
  for (const auto& p : net.parameters()) count += p.numel();
  return count;
}

// The widely used port has a bias in every layer and no weights in its normalisations; here it is
// the other way round, two weights for each feature in place of one.
TEST(ResidualGenerator, HasTheNumberOfWeightsOfThePaper) {
  const auto features = [](std::int64_t blocks) {
    return 64 + 128 + 256 + 2 * blocks * 256 + 128 + 64;
  };
  EXPECT_EQ(weights_in(*ResidualGenerator(ResidualGeneratorOptions{})) - features(9), 11378179);
  EXPECT_EQ(weights_in(*ResidualGenerator(ResidualGeneratorOptions{.blocks = 6})) - features(6),
            7837699);
  EXPECT_EQ(weights_in(*make_patch_critic({})) - (128 + 256 + 512), 2764737);
}

TEST(ResidualGenerator, KeepsAnySizeAndStaysWithinItsRange) {
  torch::NoGradGuard no_grad;
  ResidualGenerator net(ResidualGeneratorOptions{.in = 1, .out = 2, .filters = 3, .blocks = 1});
  for (const auto& [height, width] : {std::pair{16, 16}, {17, 30}, {1, 41}, {5, 3}}) {
    const auto y = net->forward(3 * torch::randn({2, 1, height, width}));
    EXPECT_EQ(y.sizes(), (at::IntArrayRef{2, 2, height, width}));
    EXPECT_LE(y.abs().max().item<float>(), 1);
  }
}

TEST(ResidualGenerator, APictureIsTranslatedWithoutItsCompanions) {
  torch::NoGradGuard no_grad;
  ResidualGenerator net(ResidualGeneratorOptions{.in = 1, .out = 1, .filters = 4, .blocks = 1});
  const auto x = torch::randn({3, 1, 16, 16});
  const auto together = net->forward(x);
  for (std::int64_t i = 0; i < 3; ++i)
    EXPECT_TRUE(
        torch::allclose(together.narrow(0, i, 1), net->forward(x.narrow(0, i, 1)), 1e-4, 1e-5));
}

Tensor normalised(const Tensor& h, const Tensor& weight, const Tensor& bias) {
  const auto mean = h.mean({2, 3}, true), variance = h.var({2, 3}, false, true);
  return (h - mean) / (variance + 1e-5).sqrt() * weight.view({1, -1, 1, 1}) +
         bias.view({1, -1, 1, 1});
}

// One block, in float64: every layer by its equation.
TEST(ResidualGenerator, IsThatOfThePaperWrittenOut) {
  torch::NoGradGuard no_grad;
  torch::manual_seed(3);
  ResidualGenerator net(ResidualGeneratorOptions{.in = 2, .out = 1, .filters = 3, .blocks = 1});
  net->to(torch::kFloat64);
  auto named = net->named_parameters();
  for (auto& entry : named) entry.value().copy_(torch::randn_like(entry.value()) * .3);
  const auto w = [&](int layer, const std::string& name) {
    return named["layers." + std::to_string(layer) + "." + name];
  };
  const auto in_block = [&](int layer, const std::string& name) {
    return named["layers.10.layers." + std::to_string(layer) + "." + name];
  };
  const auto norm = [&](const Tensor& h, int layer) {
    return normalised(h, w(layer, "weight"), w(layer, "bias"));
  };
  const auto x = torch::randn({2, 2, 16, 20}, torch::kFloat64);
  auto h = at::conv2d(at::reflection_pad2d(x, {3, 3, 3, 3}), w(1, "weight"));
  h = at::relu(norm(h, 2));
  h = at::relu(norm(at::conv2d(h, w(4, "weight"), {}, 2, 1), 5));
  h = at::relu(norm(at::conv2d(h, w(7, "weight"), {}, 2, 1), 8));
  auto r = at::conv2d(at::reflection_pad2d(h, {1, 1, 1, 1}), in_block(1, "weight"));
  r = at::relu(normalised(r, in_block(2, "weight"), in_block(2, "bias")));
  r = at::conv2d(at::reflection_pad2d(r, {1, 1, 1, 1}), in_block(5, "weight"));
  h = h + normalised(r, in_block(6, "weight"), in_block(6, "bias"));
  h = at::relu(norm(at::conv_transpose2d(h, w(11, "weight"), {}, 2, 1, 1), 12));
  h = at::relu(norm(at::conv_transpose2d(h, w(14, "weight"), {}, 2, 1, 1), 15));
  h = at::conv2d(at::reflection_pad2d(h, {3, 3, 3, 3}), w(18, "weight"), w(18, "bias"));
  EXPECT_TRUE(torch::allclose(net->forward(x), at::tanh(h), 1e-10, 1e-12));
}

}  // namespace
}  // namespace kiln
