#include "kiln/nn/adversarial/growing_networks.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "kiln/core/rng.h"
#include "kiln/nn/adversarial/minibatch_deviation.h"
#include "tests/support/finite_differences.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

const GrowingOptions kSmall{.channels = 2, .levels = 3, .features = 4, .latent = 3};

std::int64_t numbers_in(const torch::nn::Module& module) {
  std::int64_t count = 0;
  for (const auto& p : module.parameters()) count += p.numel();
  return count;
}

// Those of the authors' networks, with the layers to and from pictures of every size.
TEST(GrowingNetworks, HaveThePublishedNumbersOfWeights) {
  struct Published {
    std::int64_t levels, generator, critic;
  };
  for (const auto& [levels, generator, critic] :
       {Published{4, 20719628, 20726785}, Published{5, 22490383, 22498049},
        Published{6, 22933394, 22941313}, Published{9, 23079115, 23087249}}) {
    const GrowingOptions options{.levels = levels};
    EXPECT_EQ(numbers_in(*GrowingGenerator(options)), generator) << levels;
    EXPECT_EQ(numbers_in(*GrowingCritic(options)), critic) << levels;
  }
}

TEST(GrowingNetworks, MapsAreHalvedFromThirtyTwoPixelsOn) {
  const GrowingOptions paper{};
  for (const auto& [level, maps] :
       {std::pair{0, 512}, {3, 512}, {4, 256}, {5, 128}, {6, 64}, {7, 32}, {8, 16}})
    EXPECT_EQ(growing_features(paper, level), maps);
  EXPECT_EQ(growing_features({.features = 2}, 8), 1);
}

TEST(GrowingNetworks, AFadeBeginsWithTheSmallerPicturesAndEndsWithTheNewOnes) {
  torch::manual_seed(1);
  torch::NoGradGuard no_grad;
  GrowingGenerator generator(kSmall);
  GrowingCritic critic(kSmall);
  Rng rng(2);
  const auto z = rng.normal({4, 3});
  for (std::int64_t level = 1; level < 3; ++level) {
    const auto low = doubled(generator->forward(z, {.level = level - 1})),
               high = generator->forward(z, {.level = level});
    EXPECT_TRUE(torch::equal(generator->forward(z, {.level = level, .alpha = 0}), low));
    EXPECT_FALSE(torch::allclose(low, high));
    EXPECT_TRUE(torch::allclose(generator->forward(z, {.level = level, .alpha = .25}),
                                .75 * low + .25 * high, 1e-5, 1e-6));
    const auto x = rng.normal(high.sizes());
    EXPECT_TRUE(torch::equal(critic->forward(x, {.level = level, .alpha = 0}),
                             critic->forward(halved(x), {.level = level - 1})));
    EXPECT_FALSE(torch::allclose(critic->forward(x, {.level = level, .alpha = .5}),
                                 critic->forward(x, {.level = level})));
  }
}

// Table 2 with LibTorch's own operations, from the weights by their names.
Tensor normalised(const Tensor& a) { return a / (a.square().mean(1, true) + 1e-8).sqrt(); }
Tensor leaky(const Tensor& a) { return torch::where(a > 0, a, .2 * a); }

using Weights = torch::OrderedDict<std::string, Tensor>;

Tensor conv(const Weights& p, const std::string& name, const Tensor& x, double gain) {
  const auto& w = p[name + ".weight"];
  const double inputs = static_cast<double>(w[0].numel());
  return at::conv2d(x, w * (gain / std::sqrt(inputs)), p[name + ".bias"], 1, w.size(2) / 2);
}

TEST(GrowingNetworks, TheGeneratorIsThatOfTheTable) {
  torch::manual_seed(6);
  torch::NoGradGuard no_grad;
  GrowingGenerator generator(kSmall);
  Rng rng(7);
  for (auto& p : generator->parameters()) p.add_(.3 * rng.normal(p.sizes()));
  const auto p = generator->named_parameters();
  const auto z = rng.normal({2, 3});
  const double root2 = std::sqrt(2.);
  const auto& w = p["dense.weight"];
  auto h = torch::matmul(normalised(z), w.t()) * (root2 / 4 / std::sqrt(3.));
  h = normalised(leaky(h.view({2, 4, 4, 4}) + p["dense_bias"]));
  h = normalised(leaky(conv(p, "level0_conv", h, root2)));
  h = h.repeat_interleave(2, 2).repeat_interleave(2, 3);
  h = normalised(leaky(conv(p, "level1_conv1", h, root2)));
  h = normalised(leaky(conv(p, "level1_conv2", h, root2)));
  EXPECT_TRUE(torch::allclose(generator->forward(z, {.level = 1}),
                              conv(p, "level1_to_picture", h, 1), 1e-4, 1e-5));
}

TEST(GrowingNetworks, TheCriticIsThatOfTheTable) {
  torch::manual_seed(8);
  torch::NoGradGuard no_grad;
  GrowingCritic critic(kSmall);
  Rng rng(9);
  for (auto& p : critic->parameters()) p.add_(.3 * rng.normal(p.sizes()));
  const auto p = critic->named_parameters();
  const auto x = rng.normal({4, 2, 8, 8});
  const double root2 = std::sqrt(2.);
  auto h = leaky(conv(p, "level1_from_picture", x, root2));
  h = leaky(conv(p, "level1_conv1", h, root2));
  h = leaky(conv(p, "level1_conv2", h, root2)).view({4, 4, 4, 2, 4, 2}).mean(3).mean(4);
  const auto deviation = (h.var(0, false) + 1e-8).sqrt().mean();
  h = torch::cat({h, deviation.expand({4, 1, 4, 4})}, 1);
  h = leaky(conv(p, "level0_conv", h, root2)).flatten(1);
  const auto dense = [&](const std::string& name, const Tensor& in, double gain) {
    const double inputs = static_cast<double>(in.size(1));
    return torch::matmul(in, p[name + ".weight"].t()) * (gain / std::sqrt(inputs)) +
           p[name + ".bias"];
  };
  const auto wanted = dense("out", leaky(dense("dense", h, root2)), 1).squeeze(1);
  EXPECT_TRUE(torch::allclose(critic->forward(x, {.level = 1}), wanted, 1e-4, 1e-5));
}

TEST(GrowingNetworks, PicturesOfEveryLevelHaveItsSize) {
  torch::NoGradGuard no_grad;
  auto options = kSmall;
  options.first = 7;
  options.deviation = false;
  GrowingGenerator generator(options);
  GrowingCritic critic(options);
  for (std::int64_t level = 0; level < 3; ++level) {
    const auto x = generator->forward(torch::ones({3, 3}), {.level = level});
    EXPECT_EQ(x.sizes(), (at::IntArrayRef{3, 2, 7 << level, 7 << level}));
    EXPECT_EQ(critic->forward(x, {.level = level}).sizes(), at::IntArrayRef{3});
  }
}

// A code and a multiple of it are one code.
TEST(GrowingNetworks, OnlyTheDirectionOfACodeCounts) {
  torch::manual_seed(3);
  torch::NoGradGuard no_grad;
  GrowingGenerator generator(kSmall);
  Rng rng(2);  // biases, too
  for (auto& p : generator->parameters()) p.add_(.3 * rng.normal(p.sizes()));
  const auto z = torch::tensor({{1.f, -2.f, .5f}});
  EXPECT_TRUE(torch::allclose(generator->forward(z, {.level = 2}),
                              generator->forward(4 * z, {.level = 2}), 1e-4, 1e-5));
}

TEST(GrowingNetworks, GradientsEqualFiniteDifferences) {
  torch::manual_seed(4);
  const GrowingOptions tiny{.channels = 1, .levels = 2, .features = 2, .latent = 2};
  GrowingGenerator generator(tiny);
  GrowingCritic critic(tiny);
  generator->to(torch::kDouble);
  critic->to(torch::kDouble);
  Rng rng(5);
  const auto z = rng.normal({4, 2}).to(torch::kDouble),
             x = rng.normal({4, 1, 8, 8}).to(torch::kDouble),
             w = rng.normal({4}).to(torch::kDouble);
  const Growth half{.level = 1, .alpha = .3};
  expect_gradients_match(*generator, [&] { return (generator->forward(z, half) * x).sum() / 64; });
  expect_gradients_match(*critic, [&] { return (critic->forward(x, half) * w).sum(); });
}

TEST(MinibatchDeviation, IsTheMeanDeviationAmongFourNeighbours) {
  const auto x = torch::tensor(
      {{0., 1.}, {2., 1.}, {4., 1.}, {6., 1.}, {3., 3.}, {3., 3.}, {3., 3.}, {3., 3.}},
      torch::kDouble);
  const auto found = minibatch_deviation(x, 4);
  ASSERT_EQ(found.sizes(), at::IntArrayRef{8});
  // Variance 5 of 0, 2, 4, 6; none of the others but what keeps the slope.
  const double least = std::sqrt(1e-8), first = (std::sqrt(5 + 1e-8) + least) / 2;
  for (std::int64_t i = 0; i < 8; ++i)
    EXPECT_NEAR(found[i].item<double>(), i < 4 ? first : least, 1e-12);
  EXPECT_TRUE(torch::equal(minibatch_deviation(x.view({8, 1, 2, 1}), 4), found));
  EXPECT_NE(message_of<ShapeError>([&] { minibatch_deviation(x, 3); }).find("no multiple of 3"),
            std::string::npos);
}

}  // namespace
}  // namespace kiln
