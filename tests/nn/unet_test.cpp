#include "kiln/nn/unet.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

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

// Two halvings written out: a slope of 0.2 on the way down, none on the way up, what is next to the
// picture and the lowest layer without normalisation.
TEST(Unet, IsThatOfThePaperWrittenOut) {
  torch::NoGradGuard no_grad;
  torch::manual_seed(3);
  Unet net(UnetOptions{.in = 2, .out = 1, .filters = 3, .halvings = 2});
  auto w = net->named_parameters();
  w["up0.bias"].fill_(.3);
  const auto x = torch::randn({2, 2, 8, 8});
  const auto wide = at::conv2d(x, w["down0.weight"], {}, 2, 1);
  const auto lowest =
      at::conv2d(torch::where(wide > 0, wide, .2 * wide), w["down1.weight"], {}, 2, 1);
  // In float64: in float32 oneDNN 3 leaves parts of it unwritten.
  const auto transposed = [](const Tensor& maps, const Tensor& weight) {
    return at::conv_transpose2d(maps.to(torch::kDouble), weight.to(torch::kDouble), {}, 2, 1)
        .to(torch::kFloat);
  };
  auto up = transposed(lowest.clamp_min(0), w["up1.weight"]);
  up = (up - up.mean({2, 3}, true)) / (up.var({2, 3}, false, true) + 1e-5).sqrt();
  const auto both = torch::cat({up, wide}, 1).clamp_min(0);
  const auto y = at::tanh(transposed(both, w["up0.weight"]) + .3);
  EXPECT_TRUE(torch::allclose(net->forward(x, nullptr), y, 1e-4, 1e-5));
}

// The layer next to the picture is made to show the layer under it, which is 1/4 everywhere.
TEST(Unet, AUnitThatStaysIsScaledSoThatTheMeanIsKept) {
  torch::NoGradGuard no_grad;
  constexpr double kDropped = .6, kUnit = .25;
  Unet net(UnetOptions{.in = 1, .out = 1, .filters = 1, .halvings = 2, .dropout = kDropped});
  auto weights = net->named_parameters();
  weights["up_norm1.weight"].zero_();
  weights["up_norm1.bias"].fill_(kUnit);
  weights["up0.weight"].zero_()[0][0][1][1] = 1;
  weights["up0.bias"].zero_();
  Rng rng(1);
  const auto y = net->forward(torch::zeros({1, 1, 128, 128}), &rng);
  const auto shown = y.slice(2, 0, {}, 2).slice(3, 0, {}, 2);
  const auto stays = shown.gt(0);
  EXPECT_TRUE(torch::allclose(shown.atanh(), stays * (kUnit / (1 - kDropped)), 1e-4, 1e-6));
  const double count = static_cast<double>(shown.numel());
  EXPECT_NEAR(stays.sum().item<double>() / count, 1 - kDropped,
              4 * std::sqrt(kDropped * (1 - kDropped) / count));
}

TEST(Unet, DropsInTheThreeLowestLayersOnTheWayUp) {
  torch::NoGradGuard no_grad;
  Unet net(UnetOptions{.in = 1, .out = 1, .filters = 2, .halvings = 5, .dropout = .5});
  Rng used(1), same(1);
  net->forward(torch::randn({1, 1, 32, 32}), &used);
  for (const std::int64_t side : {2, 4, 8}) same.uniform({1, 32 / side, side, side});
  EXPECT_TRUE(torch::equal(used.uniform({4}), same.uniform({4})));
}

// One halving written out: slopes of 0.2, the layer next to the picture and the last without
// normalisation.
TEST(PatchCritic, IsThatOfThePaperWrittenOut) {
  torch::NoGradGuard no_grad;
  torch::manual_seed(4);
  auto net = make_patch_critic({.channels = 2, .filters = 3, .halvings = 1});
  const auto w = net->named_parameters();
  const auto leaky = [](const Tensor& h) { return torch::where(h > 0, h, .2 * h); };
  const auto x = torch::randn({2, 2, 8, 8});
  const auto wide = leaky(at::conv2d(x, w["0.weight"], w["0.bias"], 2, 1));
  auto h = at::conv2d(wide, w["2.weight"], {}, 1, 1);
  h = (h - h.mean({2, 3}, true)) / (h.var({2, 3}, false, true) + 1e-5).sqrt();
  const auto map = at::conv2d(leaky(h), w["5.weight"], w["5.bias"], 1, 1);
  EXPECT_TRUE(torch::allclose(net->forward(x), map, 1e-4, 1e-5));
}

TEST(PatchCritic, WithoutNormalisationIsConvolutionsWithBiases) {
  torch::NoGradGuard no_grad;
  torch::manual_seed(4);
  auto net =
      make_patch_critic({.channels = 2, .filters = 3, .norm = PatchNorm::none, .halvings = 1});
  auto w = net->named_parameters();
  ASSERT_EQ(w.size(), 6U);
  for (auto& entry : w) entry.value().copy_(torch::randn_like(entry.value()));
  const auto leaky = [](const Tensor& h) { return torch::where(h > 0, h, .2 * h); };
  const auto x = torch::randn({2, 2, 8, 8});
  auto h = leaky(at::conv2d(x, w["0.weight"], w["0.bias"], 2, 1));
  h = leaky(at::conv2d(h, w["2.weight"], w["2.bias"], 1, 1));
  h = at::conv2d(h, w["4.weight"], w["4.bias"], 1, 1);
  EXPECT_TRUE(torch::allclose(net->forward(x), h, 1e-4, 1e-4));
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
      if (child->as<Conv2dImpl>()) convolutions->push_back(*child->as<Conv2dImpl>());
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
