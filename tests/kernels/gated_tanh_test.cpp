#include "kiln/kernels/gated_tanh.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include <cmath>

#include "kiln/core/error.h"
#include "kiln/core/rng.h"
#include "tests/support/each_target.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

TEST(GatedTanh, IsTanhOfTheFirstHalfTimesSigmoidOfTheSecond) {
  const auto out = gated_tanh(torch::tensor({.5f, -1.f, 2.f, .25f}).reshape({1, 4, 1, 1}));
  EXPECT_NEAR(out[0][0].item<double>(), std::tanh(.5) / (1 + std::exp(-2.)), 1e-6);
  EXPECT_NEAR(out[0][1].item<double>(), std::tanh(-1.) / (1 + std::exp(-.25)), 1e-6);
}

TEST(GatedTanh, EqualsItsTwinInValueAndGradientOnEveryTarget) {
  on_each_target([] {
    Rng rng(3);
    for (const std::int64_t side : {1, 3, 8}) {
      const auto maps = rng.normal({3, 6, side, side}) * 3, weight = rng.normal({3, 3, side, side});
      const auto x = maps.clone().set_requires_grad(true);
      const auto wide = maps.to(torch::kDouble).set_requires_grad(true);
      const auto got = gated_tanh(x), truth = gated_tanh_twin(wide);
      EXPECT_LT((got - truth).abs().max().item<double>(), 5e-7);
      const auto slope = torch::autograd::grad({(got * weight).sum()}, {x})[0];
      const auto exact = torch::autograd::grad({(truth * weight).sum()}, {wide})[0];
      EXPECT_LT((slope - exact).abs().max().item<double>(), 3e-6);
    }
  });
}

TEST(GatedTanh, FarInputsGiveTheirLimits) {
  const auto maps = torch::tensor({1e30f, -1e30f, 1e30f, -1e30f}).reshape({1, 4});
  const auto x = maps.clone().set_requires_grad(true), out = gated_tanh(x);
  EXPECT_NEAR(out[0][0].item<double>(), 1, 1e-6);
  EXPECT_NEAR(out[0][1].item<double>(), 0, 1e-6);
  EXPECT_TRUE(torch::autograd::grad({out.sum()}, {x})[0].isfinite().all().item<bool>());
}

TEST(GatedTanh, RefusesAnOddNumberOfMaps) {
  EXPECT_EQ(message_of<ShapeError>([] {
              gated_tanh(torch::zeros({1, 3, 2, 2}));
            }),
            "[gated_tanh] maps must be [B, 2F, ...]");
}

}  // namespace
}  // namespace kiln
