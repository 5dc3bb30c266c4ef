#include "kiln/nn/unet.h"

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

// The counts of the widely used port of pix2pix, of 256 x 256 pictures of three channels.
TEST(Unet, HasTheNumberOfWeightsOfThePaper) {
  EXPECT_EQ(weights_in(*Unet(UnetOptions{})), 54413955);
  EXPECT_EQ(weights_in(*make_patch_critic({.channels = 6})), 2768705);
}

TEST(Unet, KeepsAnySizeAndStaysWithinItsRange) {
  torch::NoGradGuard no_grad;
  Unet net(UnetOptions{.in = 1, .out = 2, .filters = 3, .halvings = 3});
  for (const auto& [height, width] : {std::pair{16, 16}, {17, 30}, {8, 41}}) {
    const auto y = net->forward(3 * torch::randn({2, 1, height, width}), nullptr);
    EXPECT_EQ(y.sizes(), (at::IntArrayRef{2, 2, height, width}));
    EXPECT_LE(y.abs().max().item<float>(), 1);
  }
}

TEST(Unet, APictureIsTranslatedWithoutItsCompanions) {
  torch::NoGradGuard no_grad;
  Unet net(UnetOptions{.in = 1, .out = 1, .filters = 4, .halvings = 3});
  const auto x = torch::randn({3, 1, 16, 16});
  const auto together = net->forward(x, nullptr);
  for (std::int64_t i = 0; i < 3; ++i)
    EXPECT_TRUE(torch::allclose(together.narrow(0, i, 1), net->forward(x.narrow(0, i, 1), nullptr),
                                1e-4, 1e-5));
}

// Without what comes from below the layer next to the picture still sees the picture.
TEST(Unet, SkipsCarryWhatTheBottleneckCannot) {
  torch::NoGradGuard no_grad;
  Unet net(UnetOptions{.in = 1, .out = 1, .filters = 4, .halvings = 3});
  auto weights = net->named_parameters();
  weights["up2.weight"].zero_();
  const auto x = torch::randn({1, 1, 16, 16});
  const auto before = net->forward(x, nullptr);
  auto moved = x.clone();
  moved[0][0][5][5] += 1;
  EXPECT_GT((net->forward(moved, nullptr) - before).abs().max().item<float>(), 1e-4);
}

TEST(Unet, DropoutIsByItsNumbersAlone) {
  torch::NoGradGuard no_grad;
  Unet net(UnetOptions{.in = 1, .out = 1, .filters = 4, .halvings = 3, .dropout = .5});
  const auto x = torch::randn({1, 1, 16, 16});
  Rng one(1), same(1), other(2);
  torch::manual_seed(5);
  const auto expected = torch::rand({1});
  torch::manual_seed(5);
  const auto first = net->forward(x, &one);
  EXPECT_TRUE(torch::equal(first, net->forward(x, &same)));
  EXPECT_FALSE(torch::equal(first, net->forward(x, &other)));
  EXPECT_TRUE(torch::equal(torch::rand({1}), expected));
}

// Which pixels move a logit: the square that patch_side says, by the gradient's support.
TEST(PatchCritic, ALogitSeesASquareOfThePaperSize) {
  EXPECT_EQ(patch_side(3), 70);
  EXPECT_EQ(patch_map_side(256, 3), 30);
  for (const std::int64_t halvings : {1, 2}) {
    auto net = make_patch_critic({.channels = 1, .filters = 2, .halvings = halvings});
    // Instance normalisation sees the whole map; the convolutions alone have patches.
    torch::nn::Sequential convolutions;
    for (const auto& child : net->children())
      if (child->as<torch::nn::Conv2dImpl>())
        convolutions->push_back(*child->as<torch::nn::Conv2dImpl>());
    auto x = torch::zeros({1, 1, 64, 64}).set_requires_grad(true);
    const auto map = convolutions->forward(x);
    EXPECT_EQ(map.size(2), patch_map_side(64, halvings));
    const auto middle = map.size(2) / 2;
    map[0][0][middle][middle].backward();
    const auto rows = x.grad()[0][0].abs().sum(1).nonzero();
    EXPECT_EQ(rows.size(0), patch_side(halvings));
  }
}

}  // namespace
}  // namespace kiln
