#include "kiln/nn/masked_linear.h"

#include <gtest/gtest.h>
#include <hwy/targets.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include <limits>

#include "kiln/core/error.h"
#include "kiln/core/rng.h"
#include "kiln/train/optimizer.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

Tensor degrees(std::vector<std::int32_t> values) { return torch::tensor(values, torch::kInt32); }

DegreeMask some_mask(std::int64_t outputs, std::int64_t inputs, bool strict) {
  Rng rng(3);
  return {rng.integers(7, {outputs}).to(torch::kInt32) + 1,
          rng.integers(7, {inputs}).to(torch::kInt32) + 1, strict};
}

TEST(MaskedLinear, TheMaskComparesDegrees) {
  const DegreeMask mask{degrees({1, 2}), degrees({1, 2, 3}), false};
  EXPECT_TRUE(torch::equal(mask.dense().to(torch::kInt64),
                           torch::tensor({{1, 0, 0}, {1, 1, 0}}, torch::kInt64)));
  const DegreeMask strict{mask.outputs, mask.inputs, true};
  EXPECT_TRUE(torch::equal(strict.dense().to(torch::kInt64),
                           torch::tensor({{0, 0, 0}, {1, 0, 0}}, torch::kInt64)));
}

TEST(MaskedLinear, TheKernelEqualsTheProductOnEveryInstructionSet) {
  Rng rng(4);
  const auto targets = hwy::SupportedTargets() & (HWY_SCALAR | HWY_SSE4 | HWY_AVX2 | HWY_AVX3);
  for (auto left = targets; left; left &= left - 1) {
    hwy::SetSupportedTargetsForTest(left & -left);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    for (const auto& [outputs, inputs] : {std::pair{1, 1}, {5, 3}, {37, 53}, {70, 64}}) {
      for (const bool strict : {false, true}) {
        const auto mask = some_mask(outputs, inputs, strict);
        const auto W = rng.normal({outputs, inputs});
        EXPECT_TRUE(torch::equal(masked_weight(W, mask), W * mask.dense()));
        const auto wide = W.to(torch::kDouble);
        EXPECT_TRUE(torch::equal(masked_weight(wide, mask), wide * mask.dense()));
      }
    }
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

TEST(MaskedLinear, IsTheMaskedProductWithItsGradients) {
  Rng rng(5);
  const auto mask = some_mask(6, 5, true);
  const auto W = rng.normal({6, 5}).to(torch::kDouble).set_requires_grad(true);
  const auto x = rng.normal({4, 5}).to(torch::kDouble).set_requires_grad(true);
  const auto b = rng.normal({6}).to(torch::kDouble).set_requires_grad(true);
  const auto g = rng.normal({4, 6}).to(torch::kDouble);
  const auto y = masked_linear(x, W, b, mask);
  const auto M = mask.dense().to(torch::kDouble);
  EXPECT_LT((y - (torch::mm(x, (W * M).t()) + b)).abs().max().item<double>(), 1e-12);
  const auto d = torch::autograd::grad({(y * g).sum()}, {x, W, b}, {}, true, true);
  EXPECT_LT((d[0] - torch::mm(g, W * M)).abs().max().item<double>(), 1e-12);
  EXPECT_LT((d[1] - torch::mm(g.t(), x) * M).abs().max().item<double>(), 1e-12);
  EXPECT_LT((d[2] - g.sum(0)).abs().max().item<double>(), 1e-12);
  // dW depends on x: its derivative again passes the mask.
  const auto second = torch::autograd::grad({d[1].sum()}, {x})[0];
  EXPECT_LT((second - torch::mm(g, M)).abs().max().item<double>(), 1e-12);
}

TEST(MaskedLinear, NothingThatHappensToAMaskedWeightReachesAnOutput) {
  Rng rng(6);
  for (const auto type : {torch::kFloat32, torch::kDouble}) {
    const auto mask = some_mask(6, 5, false);
    ASSERT_LT(mask.dense().sum().item<std::int64_t>(), 30);
    const auto W = rng.normal({6, 5}).to(type), x = rng.normal({4, 5}).to(type);
    const auto y = masked_linear(x, W, {}, mask);
    for (const double poison : {1e30, std::numeric_limits<double>::infinity()})
      EXPECT_TRUE(
          torch::equal(masked_linear(x, W.masked_fill(~mask.dense(), poison), {}, mask), y));
  }
}

TEST(MaskedLinear, DecayAndMomentumShrinkMaskedWeightsButNoGradientMovesThem) {
  for (const auto kind : {OptimizerKind::adam, OptimizerKind::sgd, OptimizerKind::rmsprop}) {
    Rng rng(7);
    const auto mask = some_mask(6, 5, false);
    const auto hidden = ~mask.dense();
    auto W = rng.normal({6, 5}).masked_fill(hidden, 0).set_requires_grad(true);
    const auto start = W.detach().clone();
    Optimizer optimizer({{"W", W}}, {.kind = kind, .momentum = 0.9, .weight_decay = 0.1});
    for (int step = 0; step < 20; ++step) {
      const auto loss = (masked_linear(rng.normal({4, 5}), W, {}, mask) - 1).square().sum();
      optimizer.step(torch::autograd::grad({loss}, {W}), 0.01);
    }
    EXPECT_EQ(W.detach().masked_select(hidden).abs().max().item<double>(), 0);
    EXPECT_GT((W.detach() - start).abs().max().item<double>(), 0.01);
  }
}

TEST(MaskedLinear, RefusesAWeightOfAnotherShape) {
  EXPECT_EQ(message_of<ShapeError>([] {
              masked_weight(torch::zeros({3, 2}), {degrees({1, 2}), degrees({1, 2, 3}), false});
            }),
            "[masked_linear] weight must have shape [2, 3], got [3, 2]");
}

}  // namespace
}  // namespace kiln
