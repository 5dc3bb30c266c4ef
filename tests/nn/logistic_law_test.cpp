#include "kiln/nn/logistic_law.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "kiln/core/error.h"
#include "kiln/core/rng.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

// Every pixel of C channels and q states, [q^C, C, 1, 1].
Tensor all_pixels(std::int64_t channels, std::int64_t q) {
  auto left = torch::arange(static_cast<std::int64_t>(std::pow(q, channels)));
  std::vector<Tensor> digits;
  for (std::int64_t c = 0; c < channels; ++c) {
    digits.push_back(left.remainder(q));
    left = left.div(q, "floor");
  }
  return torch::stack(digits, 1).to(torch::kDouble).reshape({-1, channels, 1, 1});
}

Tensor log_pixel(const LogisticLaw& law, const Tensor& maps, const Tensor& x) {
  return law.log_probs(maps.expand({x.size(0), -1, 1, 1}), x).sum(1).flatten();
}

Tensor random_maps(const LogisticLaw& law, double scale, std::uint64_t seed) {
  Rng rng(seed);
  return (rng.normal({1, law.outputs(), 1, 1}) * scale).to(torch::kDouble);
}

TEST(LogisticLaw, PutsOutThreeOrTenNumbersForEachComponent) {
  EXPECT_EQ(LogisticLaw(1, 256, 10).outputs(), 30);
  EXPECT_EQ(LogisticLaw(3, 256, 10).outputs(), 100);
  EXPECT_EQ(message_of<ConfigError>([] { LogisticLaw(2, 256, 10); }),
            "[logistic_law] a mixture of logistics makes pictures of 1 or 3 channels, got 2");
}

TEST(LogisticLaw, BinsAddUpToOneForAnyNumbers) {
  for (const double scale : {.1, 2., 8.}) {
    for (const std::int64_t q : {2, 5, 256}) {
      const LogisticLaw grey(1, q, 3);
      const auto maps = random_maps(grey, scale, 3);
      EXPECT_NEAR(log_pixel(grey, maps, all_pixels(1, q)).exp().sum().item<double>(), 1, 1e-12);
    }
    const LogisticLaw colour(3, 6, 3);
    const auto maps = random_maps(colour, scale, 4);
    EXPECT_NEAR(log_pixel(colour, maps, all_pixels(3, 6)).exp().sum().item<double>(), 1, 1e-12);
  }
}

// One pixel by the formula itself: one component, three channels, the means moved.
TEST(LogisticLaw, IsTheDifferenceOfLogisticFunctions) {
  const LogisticLaw law(3, 256, 1);
  auto maps = torch::zeros({1, 10, 1, 1}, torch::kDouble);
  const double values[] = {0,    .1, -2, .3, -.2,
                           -1.5, .5, .4, -1, -.7};  // pi; mean, log s, coefficient
  for (std::int64_t i = 0; i < 10; ++i) maps[0][i] = values[i];
  const double x[] = {100, 180, 30};
  const auto shown = [&](int c) { return x[c] / 127.5 - 1; };
  const double means[] = {.1, -.2 + std::tanh(.3) * shown(0),
                          .4 + std::tanh(.5) * shown(0) + std::tanh(-.7) * shown(1)};
  const double scales[] = {std::exp(-2), std::exp(-1.5), std::exp(-1)};
  const auto s = [](double a) { return 1 / (1 + std::exp(-a)); };
  double expected = 0;
  for (int c = 0; c < 3; ++c)
    expected += std::log(s((shown(c) + 1 / 255. - means[c]) / scales[c]) -
                         s((shown(c) - 1 / 255. - means[c]) / scales[c]));
  const auto pixel = torch::tensor({x[0], x[1], x[2]}, torch::kDouble).reshape({1, 3, 1, 1});
  EXPECT_NEAR(law.log_probs(maps, pixel).sum().item<double>(), expected, 1e-12);
}

TEST(LogisticLaw, ConditionalsAreRatiosOfSumsOverLaterChannels) {
  const LogisticLaw law(3, 4, 3);
  const auto maps = random_maps(law, 1.5, 5), x = all_pixels(3, 4);
  const auto joint = log_pixel(law, maps, x).exp();
  const auto each = law.log_probs(maps.expand({64, -1, 1, 1}), x).flatten(1).exp();
  for (std::int64_t n = 0; n < 64; ++n) {
    const auto same = [&](std::int64_t channels) {
      auto like = torch::ones({64}, torch::kBool);
      for (std::int64_t c = 0; c < channels; ++c)
        like = like.logical_and(x.select(1, c).flatten() == x[n][c].item<double>());
      return joint.masked_select(like).sum().item<double>();
    };
    for (std::int64_t c = 0; c < 3; ++c)
      EXPECT_NEAR(each[n][c].item<double>(), same(c + 1) / same(c), 1e-12);
  }
}

TEST(LogisticLaw, EqualComponentsAreOne) {
  const LogisticLaw one(3, 256, 1), four(3, 256, 4);
  const auto maps = random_maps(one, 1, 6);
  const auto repeated = maps.repeat_interleave(4, 1);
  Rng rng(7);
  const auto x = rng.integers(256, {20, 3, 1, 1}).to(torch::kDouble);
  EXPECT_LT((log_pixel(one, maps, x) - log_pixel(four, repeated, x)).abs().max().item<double>(),
            1e-12);
}

TEST(LogisticLaw, AWideLawLiesInItsTailsAndANarrowOneInItsBin) {
  const LogisticLaw law(1, 256, 1);
  const auto at = [&](double mean, double log_scale, double x) {
    const auto maps = torch::tensor({0., mean, log_scale}, torch::kDouble).reshape({1, 3, 1, 1});
    return law.log_probs(maps, torch::full({1, 1, 1, 1}, x, torch::kDouble)).exp().item<double>();
  };
  EXPECT_NEAR(at(0, 12, 0), .5, 1e-5);
  EXPECT_NEAR(at(0, 12, 255), .5, 1e-5);
  EXPECT_NEAR(at(100 / 127.5 - 1, -30, 100), 1, 3e-2);  // log s is held at -7: half a bin is 4.3 s
}

TEST(LogisticLaw, GradientsAreFiniteInFloatAtTheEdgesAndFarFromTheMean) {
  const LogisticLaw law(1, 256, 2);
  for (const double log_scale : {-7., 0., 7., 100.})
    for (const double mean : {-1e6, -50., -1., 1., 50.})
      for (const float x : {0.f, 1.f, 128.f, 254.f, 255.f}) {
        const auto maps = torch::tensor({.1, -.1, mean, -mean, log_scale, log_scale})
                              .to(torch::kFloat32)
                              .reshape({1, 6, 1, 1})
                              .set_requires_grad(true);
        const auto log_p = law.log_probs(maps, torch::full({1, 1, 1, 1}, x)).sum();
        EXPECT_TRUE(std::isfinite(log_p.item<double>())) << log_scale << " " << mean << " " << x;
        EXPECT_TRUE(torch::autograd::grad({log_p}, {maps})[0].isfinite().all().item<bool>());
      }
}

// For each u the state is the first whose cumulative mass is above it, whatever the temperature.
TEST(LogisticLaw, PicksByItsOwnCumulativeLaw) {
  for (const double temperature : {1., .5, 1e-3}) {
    const LogisticLaw law(3, 7, 3);
    const auto maps = random_maps(law, 1.5, 8).to(torch::kFloat32).contiguous();
    const std::int64_t before[] = {2, 5, 0};
    for (std::int64_t channel = 0; channel < 3; ++channel) {
      auto x = torch::zeros({7, 3, 1, 1}, torch::kDouble);
      for (std::int64_t c = 0; c < channel; ++c) x.select(1, c).fill_(double(before[c]));
      x.select(1, channel).copy_(torch::arange(7).reshape({7, 1, 1}));
      auto mass = law.log_probs(maps.to(torch::kDouble).expand({7, -1, 1, 1}), x)
                      .select(1, channel)
                      .flatten()
                      .exp();
      mass = (mass / mass.max()).pow(1 / temperature);
      const auto below = (mass / mass.sum()).cumsum(0);
      for (float u = 0.0005f; u < 1; u += 0.013f) {
        const auto expected =
            std::min<std::int64_t>(below.le(double(u)).sum().item<std::int64_t>(), 6);
        EXPECT_EQ(law.picked({maps.data_ptr<float>(), 1, before}, channel, u, temperature),
                  expected)
            << channel << " " << u;
      }
    }
  }
}

}  // namespace
}  // namespace kiln
