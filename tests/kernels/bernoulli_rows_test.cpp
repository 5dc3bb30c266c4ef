#include "kiln/kernels/bernoulli_rows.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include <cmath>

#include "kiln/core/error.h"
#include "kiln/core/rng.h"
#include "kiln/prob/bernoulli.h"
#include "tests/support/each_target.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

struct Case {
  Tensor x, logits, weight;
};

Case drawn(std::int64_t draws, std::int64_t items, std::int64_t dims, double scale) {
  Rng rng(static_cast<std::uint64_t>(draws + 100 * items + 10000 * dims));
  return {rng.bernoulli(torch::full({items, dims}, .4)), rng.normal({draws, items, dims}) * scale,
          rng.normal({draws, items})};
}

struct Result {
  Tensor log_prob, gradient;
};

template <class F>
Result result(const F& f, const Case& c, torch::Dtype type) {
  const auto logits = c.logits.to(type).set_requires_grad(true);
  const auto log_prob = f(c.x.to(type), logits);
  return {log_prob.detach(),
          torch::autograd::grad({(log_prob * c.weight.to(type)).sum()}, {logits})[0]};
}

// Lengths around the vectors of every instruction set, and past the numbers of one logarithm.  The
// worst that a sum of D terms of size s may lose is D s 2^-24.
TEST(BernoulliRows, KernelEqualsItsTwinOnEveryInstructionSet) {
  on_each_target([] {
    for (const std::int64_t dims : {1, 3, 4, 15, 16, 17, 64, 240, 481, 784, 961, 1999})
      for (const double scale : {.01, 1., 20.}) {
        const auto c = drawn(3, 5, dims, scale);
        const auto got = result(bernoulli_rows, c, torch::kFloat32);
        const auto truth = result(bernoulli_log_prob, c, torch::kDouble);
        const auto size = truth.log_prob.abs().max().item<double>();
        EXPECT_LT((got.log_prob - truth.log_prob).abs().max().item<double>(), 2e-6 * size)
            << dims << ' ' << scale;
        EXPECT_LT((got.gradient - truth.gradient).abs().max().item<double>(), 2e-6)
            << dims << ' ' << scale;
      }
  });
}

// 1/2 everywhere: every factor of the product is 2, the most that it can be.
TEST(BernoulliRows, ZeroLogitsGiveExactlyMinusDLog2) {
  on_each_target([] {
    for (const std::int64_t dims : {1, 784, 3000}) {
      const auto log_prob = bernoulli_rows(torch::ones({1, dims}), torch::zeros({1, dims}));
      EXPECT_FLOAT_EQ(log_prob.item<float>(), static_cast<float>(-double(dims) * std::log(2.0)));
    }
  });
}

TEST(BernoulliRows, LogitsOfAnySizeStayExactAndNotANumberShows) {
  on_each_target([] {
    const auto x = torch::tensor({{1.f, 0.f, 1.f, 0.f}});
    EXPECT_EQ(bernoulli_rows(x, torch::tensor({{1e30f, -1e30f, 500.f, -500.f}})).item<float>(), 0);
    EXPECT_EQ(bernoulli_rows(x, torch::tensor({{-300.f, 0.f, 200.f, 100.f}})).item<float>(),
              static_cast<float>(-400 - std::log(2.0)));
    const auto broken = torch::tensor({{0.f, NAN, 0.f, 0.f}}).set_requires_grad(true);
    const auto log_prob = bernoulli_rows(x, broken);
    EXPECT_TRUE(std::isnan(log_prob.item<float>()));
    const auto slope = torch::autograd::grad({log_prob.sum()}, {broken})[0];
    EXPECT_TRUE(std::isnan(slope[0][1].item<float>()));
  });
}

TEST(BernoulliRows, EachDrawMeetsItsOwnItem) {
  const auto x = torch::tensor({{1.f, 1.f, 1.f}, {0.f, 0.f, 0.f}});
  const auto logits =
      torch::tensor({{{9.f, 9.f, 9.f}, {-9.f, -9.f, -9.f}}, {{-9.f, -9.f, -9.f}, {9.f, 9.f, 9.f}}});
  const auto log_prob = bernoulli_rows(x, logits);
  EXPECT_GT(log_prob[0].min().item<float>(), -.001);
  EXPECT_LT(log_prob[1].max().item<float>(), -26.9);
}

TEST(BernoulliRows, ThreadsDoNotChangeTheBits) {
  const auto c = drawn(40, 7, 100, 2);
  const auto threads = at::get_num_threads();
  at::set_num_threads(1);
  const auto one = result(bernoulli_rows, c, torch::kFloat32);
  at::set_num_threads(3);
  const auto three = result(bernoulli_rows, c, torch::kFloat32);
  at::set_num_threads(threads);
  EXPECT_TRUE(torch::equal(one.log_prob, three.log_prob));
  EXPECT_TRUE(torch::equal(one.gradient, three.gradient));
}

TEST(BernoulliRows, RefusesShapesThatDoNotMeetAndSecondDerivatives) {
  EXPECT_EQ(message_of([] {
              bernoulli_rows(torch::ones({2, 3}), torch::ones({4, 5, 3}));
            }),
            "[bernoulli_rows] logits must have shape [2, 3], got [4, 5, 3]");
  const auto logits = torch::zeros({1, 3}).set_requires_grad(true);
  const auto log_prob = bernoulli_rows(torch::ones({1, 3}), logits).sum();
  EXPECT_EQ(message_of([&] { torch::autograd::grad({log_prob}, {logits}, {}, true, true); }),
            "[bernoulli_rows] the fused kernel has no second derivatives; use bernoulli_log_prob");
}

}  // namespace
}  // namespace kiln
