#include "kiln/nn/adversarial/growing_networks.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "kiln/core/rng.h"
#include "kiln/nn/adversarial/batch_deviation.h"
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

TEST(BatchDeviation, IsTheMeanDeviationAmongFourNeighbours) {
  const auto x = torch::tensor(
      {{0., 1.}, {2., 1.}, {4., 1.}, {6., 1.}, {3., 3.}, {3., 3.}, {3., 3.}, {3., 3.}},
      torch::kDouble);
  const auto found = batch_deviation(x, 4);
  ASSERT_EQ(found.sizes(), at::IntArrayRef{8});
  // Variance 5 of 0, 2, 4, 6; none of the others but what keeps the slope.
  const double least = std::sqrt(1e-8), first = (std::sqrt(5 + 1e-8) + least) / 2;
  for (std::int64_t i = 0; i < 8; ++i)
    EXPECT_NEAR(found[i].item<double>(), i < 4 ? first : least, 1e-12);
  EXPECT_TRUE(torch::equal(batch_deviation(x.view({8, 1, 2, 1}), 4), found));
  EXPECT_NE(message_of<ShapeError>([&] { batch_deviation(x, 3); }).find("no multiple of 3"),
            std::string::npos);
}

}  // namespace
}  // namespace kiln
