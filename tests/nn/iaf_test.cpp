#include "kiln/nn/iaf.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/core/rng.h"
#include "tests/support/jacobian.h"

namespace kiln {
namespace {

constexpr std::int64_t kLatent = 5, kHidden = 24;

IafStep drawn_step(bool reversed) {
  IafStep step(kLatent, kHidden, reversed);
  step->to(torch::kDouble);
  torch::NoGradGuard no_grad;
  Rng rng(3);
  for (auto& p : step->parameters()) p.copy_(rng.normal(p.sizes()));
  return step;
}

Tensor drawn(std::uint64_t seed, at::IntArrayRef shape) {
  return Rng(seed).normal(shape).to(torch::kDouble);
}

TEST(Iaf, LogDeterminantIsThatOfTheJacobian) {
  for (const bool reversed : {false, true}) {
    auto step = drawn_step(reversed);
    const auto context = drawn(1, {1, kHidden});
    for (std::uint64_t seed = 2; seed < 10; ++seed) {
      const auto z = drawn(seed, {1, kLatent});
      const auto jacobian =
          jacobian_of([&](const Tensor& at) { return step(at.unsqueeze(0), context).z[0]; }, z[0]);
      const auto [sign, log_det] = torch::linalg_slogdet(jacobian);
      EXPECT_EQ(sign.item<double>(), 1);
      EXPECT_NEAR(step(z, context).log_det.item<double>(), log_det.item<double>(), 1e-10);
    }
  }
}

// Number j moves with those before it in the step's order, and with each of them.
TEST(Iaf, JacobianIsTriangularInTheOrderOfTheStep) {
  for (const bool reversed : {false, true}) {
    auto step = drawn_step(reversed);
    const auto context = drawn(1, {1, kHidden});
    auto jacobian = jacobian_of(
        [&](const Tensor& at) { return step(at.unsqueeze(0), context).z[0]; }, drawn(2, {kLatent}));
    if (reversed) jacobian = jacobian.flip({0, 1});
    EXPECT_EQ(jacobian.triu(1).abs().max().item<double>(), 0) << reversed;
    for (std::int64_t i = 1; i < kLatent; ++i)
      EXPECT_NE(jacobian[i][0].item<double>(), 0) << reversed << ' ' << i;
    EXPECT_GT(jacobian.diag().min().item<double>(), 0);
    EXPECT_LT(jacobian.diag().max().item<double>(), 1);
  }
}

TEST(Iaf, ContextOfAnItemReachesItsDrawsAlone) {
  auto step = drawn_step(false);
  const auto z = drawn(4, {3, 2, kLatent}), context = drawn(5, {2, kHidden});
  const auto all = step(z, context);
  const auto second = step(z.select(1, 1).unsqueeze(1), context.slice(0, 1));
  EXPECT_TRUE(torch::allclose(all.z.select(1, 1), second.z.squeeze(1), 1e-12, 1e-12));
  EXPECT_TRUE(torch::allclose(all.log_det.select(1, 1), second.log_det.squeeze(1), 1e-12, 1e-12));
}

// Without weights m and s are their biases: z' = sigma z + (1 - sigma) m.
TEST(Iaf, AStepWithoutWeightsIsItsGate) {
  auto step = drawn_step(false);
  torch::NoGradGuard no_grad;
  for (auto& p : step->parameters()) p.zero_();
  step->named_parameters()["mean.bias"].fill_(3);
  step->named_parameters()["gate.bias"].fill_(std::log(4.0));  // sigma = 0.8
  const auto z = drawn(7, {4, kLatent});
  const auto moved = step(z, drawn(8, {4, kHidden}));
  EXPECT_LT((moved.z - (0.8 * z + 0.2 * 3)).abs().max().item<double>(), 1e-12);
  EXPECT_LT((moved.log_det - kLatent * std::log(0.8)).abs().max().item<double>(), 1e-12);
}

// Also the first number of the order, which sees no other.
TEST(Iaf, ContextReachesEveryNumber) {
  for (const bool reversed : {false, true}) {
    auto step = drawn_step(reversed);
    const auto z = drawn(4, {1, kLatent});
    const auto slope =
        jacobian_of([&](const Tensor& context) { return step(z, context.unsqueeze(0)).z[0]; },
                    drawn(5, {kHidden}));
    EXPECT_TRUE((slope.abs().sum(1) > 0).all().item<bool>()) << reversed;
  }
}

TEST(Iaf, StartsAsNearlyTheIdentity) {
  torch::manual_seed(1);
  IafStep step(kLatent, kHidden, false);
  const auto z = Rng(6).normal({100, kLatent});
  const auto moved = step(z, torch::zeros({100, kHidden}));
  const double gate = 1 / (1 + std::exp(-1.5));
  const auto share = (moved.z * z).sum() / z.pow(2).sum();
  EXPECT_NEAR(share.item<double>(), gate, .06);
  EXPECT_NEAR(moved.log_det.mean().item<double>(), kLatent * std::log(gate), .3);
}

}  // namespace
}  // namespace kiln
