#include "kiln/kernels/nade_scan.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <set>

#include "kiln/core/error.h"
#include "kiln/core/rng.h"
#include "kiln/kernels/nade_scan_simd.h"
#include "tests/support/each_target.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

// Weights of standard deviation `scale` and a random visiting order.
NadeTensors random_nade(std::int64_t dims, std::int64_t hidden, double scale, Rng& rng) {
  return {rng.normal({dims, hidden}) * scale, rng.normal({dims, hidden}) * scale,
          rng.normal({dims}) * scale, rng.normal({hidden}) * scale, rng.permutation(dims)};
}

Tensor random_binary(std::int64_t batch, std::int64_t dims, double ones, Rng& rng) {
  return rng.bernoulli(torch::full({batch, dims}, ones));
}

std::vector<Tensor> parameters(const NadeTensors& nade) { return {nade.W, nade.V, nade.b, nade.c}; }

// Leaves of the graph, in another type.
NadeTensors leaves(const NadeTensors& nade, torch::Dtype type) {
  const auto leaf = [&](const Tensor& t) {
    return t.detach().to(type, false, true).set_requires_grad(true);
  };
  return {leaf(nade.W), leaf(nade.V), leaf(nade.b), leaf(nade.c), nade.order};
}

struct Result {
  Tensor nll;
  std::vector<Tensor> gradients;  // of a weighted sum of the nll of the samples
};

Result kernel_result(const Tensor& x, const NadeTensors& nade, const Tensor& weight) {
  const auto own = leaves(nade, torch::kFloat32);
  const auto nll = nade_nll(x, own);
  return {nll.detach(), torch::autograd::grad({(nll * weight).sum()}, parameters(own))};
}

Result twin_result(const Tensor& x, const NadeTensors& nade, const Tensor& weight) {
  const auto own = leaves(nade, torch::kDouble);
  const auto values = x.to(torch::kDouble);
  const auto nll = nade_nll_of_logits(values, nade_logits_cumsum(values, own));
  return {nll.detach(), torch::autograd::grad({(nll * weight).sum()}, parameters(own))};
}

// Largest difference relative to the largest number.
double error(const Tensor& got, const Tensor& truth) {
  const auto scale = truth.abs().max().item<double>();
  return (got.to(torch::kDouble) - truth).abs().max().item<double>() / (scale > 0 ? scale : 1);
}

// Some 2^-24 for each of a few hundred terms of either sign.
constexpr double kFloatTolerance = 5e-6;

void expect_equal_to_twin(std::int64_t batch, std::int64_t dims, std::int64_t hidden, double ones) {
  Rng rng(static_cast<std::uint64_t>(batch * 10007 + dims * 101 + hidden));
  const auto nade = random_nade(dims, hidden, 0.3, rng);
  const auto x = random_binary(batch, dims, ones, rng);
  const auto weight = rng.normal({batch});
  const auto got = kernel_result(x, nade, weight), truth = twin_result(x, nade, weight);
  const auto where = testing::Message() << "B " << batch << ", D " << dims << ", H " << hidden
                                        << ", ones " << ones << ", " << simd::nade_target();
  EXPECT_LT(error(got.nll, truth.nll), kFloatTolerance) << "nll " << where;
  const char* names[] = {"W", "V", "b", "c"};
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_LT(error(got.gradients[i], truth.gradients[i]), kFloatTolerance)
        << names[i] << " " << where;
}

TEST(NadeScan, EqualsTheTwinInFloat64ForEveryShapeOnEveryTarget) {
  std::vector<std::string> targets;
  on_each_target([&] {
    targets.emplace_back(simd::nade_target());
    for (const std::int64_t batch : {1, 7, 33, 100}) expect_equal_to_twin(batch, 31, 50, 0.3);
    for (const std::int64_t dims : {1, 2, 3, 8, 57}) expect_equal_to_twin(10, dims, 20, 0.4);
    for (const std::int64_t hidden : {1, 4, 15, 16, 17, 64, 65, 127, 130})
      expect_equal_to_twin(20, 9, hidden, 0.5);
    for (const double ones : {0.0, 0.05, 1.0}) expect_equal_to_twin(19, 30, 70, ones);
  });
  RecordProperty("targets", testing::PrintToString(targets));
  EXPECT_EQ(std::set(targets.begin(), targets.end()).size(), targets.size());
  EXPECT_GE(targets.size(), 2u) << "SCALAR and what the machine has";
}

TEST(NadeScan, EqualsTheTwinAtFullSize) { expect_equal_to_twin(5, 784, 500, 0.13); }

TEST(NadeScan, BothFormsOfTheTwinAgree) {
  Rng rng(2);
  const auto nade = leaves(random_nade(13, 6, 0.8, rng), torch::kDouble);
  const auto x = random_binary(9, 13, 0.4, rng).to(torch::kDouble);
  const auto cumsum = nade_logits_cumsum(x, nade), loop = nade_logits_loop(x, nade);
  EXPECT_LT((cumsum - loop).abs().max().item<double>(), 1e-12);
  const auto a = torch::autograd::grad({cumsum.sin().sum()}, parameters(nade));
  const auto b = torch::autograd::grad({loop.sin().sum()}, parameters(nade));
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_LT(error(a[i], b[i]), 1e-12);
}

TEST(NadeScan, GradientsOfTheTwinEqualFiniteDifferences) {
  Rng rng(3);
  const auto nade = leaves(random_nade(6, 5, 0.7, rng), torch::kDouble);
  const auto x = random_binary(4, 6, 0.5, rng).to(torch::kDouble);
  const auto loss = [&] { return nade_nll_of_logits(x, nade_logits_cumsum(x, nade)).sum(); };
  const auto gradients = torch::autograd::grad({loss()}, parameters(nade));
  torch::NoGradGuard no_grad;
  const double step = 1e-5;  // error step^2 = 1e-10, rounding 1e-15 / step = 1e-10
  for (std::size_t p = 0; p < gradients.size(); ++p) {
    const auto weights = parameters(nade)[p].view(-1), gradient = gradients[p].reshape(-1);
    for (std::int64_t i = 0; i < weights.size(0); ++i) {
      weights[i] += step;
      const auto above = loss().item<double>();
      weights[i] -= 2 * step;
      const auto below = loss().item<double>();
      weights[i] += step;
      EXPECT_NEAR(gradient[i].item<double>(), (above - below) / (2 * step), 1e-8);
    }
  }
}

TEST(NadeScan, BitsDoNotDependOnTheNumberOfThreads) {
  Rng rng(4);
  const auto nade = random_nade(90, 150, 0.2, rng);
  const auto x = random_binary(70, 90, 0.2, rng), weight = rng.normal({70});
  const auto uniform = rng.uniform({70, 90});
  const auto one = kernel_result(x, nade, weight);
  const auto drawn = nade_draw(uniform, {}, 1, nade);
  for (const int threads : {2, 3}) {
    at::set_num_threads(threads);
    const auto many = kernel_result(x, nade, weight);
    EXPECT_TRUE(torch::equal(many.nll, one.nll));
    for (std::size_t i = 0; i < 4; ++i)
      EXPECT_TRUE(torch::equal(many.gradients[i], one.gradients[i])) << "gradient " << i;
    EXPECT_TRUE(torch::equal(nade_draw(uniform, {}, 1, nade), drawn));
    at::set_num_threads(1);
  }
}

TEST(NadeScan, ThreadsReallyShareTheWork) {
  at::set_num_threads(2);
  std::set<int> seen;
  std::mutex mutex;
  at::parallel_for(0, 2, 1, [&](std::int64_t, std::int64_t) {
    const std::lock_guard lock(mutex);
    seen.insert(at::get_thread_num());
  });
  at::set_num_threads(1);
  EXPECT_EQ(seen.size(), 2u) << "compiled without OpenMP, at::parallel_for is a plain loop";
}

TEST(NadeScan, HugeWeightsStayFiniteOnEveryTarget) {
  Rng rng(5);
  const auto nade = random_nade(60, 40, 30, rng);
  const auto x = random_binary(12, 60, 0.5, rng), weight = torch::ones({12});
  on_each_target([&] {
    const auto result = kernel_result(x, nade, weight);
    EXPECT_TRUE(result.nll.isfinite().all().item<bool>()) << simd::nade_target();
    for (const auto& gradient : result.gradients)
      EXPECT_TRUE(gradient.isfinite().all().item<bool>()) << simd::nade_target();
    EXPECT_LT(error(result.nll, twin_result(x, nade, weight).nll), kFloatTolerance);
  });
}

TEST(NadeScan, AWeightThatIsNotANumberShowsInTheLoss) {
  Rng rng(6);
  const auto x = torch::ones({3, 5});
  on_each_target([&] {
    for (std::size_t p = 0; p < 4; ++p) {
      auto nade = random_nade(5, 4, 1, rng);
      nade.order = torch::arange(5);
      parameters(nade)[p].view(-1)[0] = std::nan("");
      EXPECT_TRUE(nade_nll(x, nade).isnan().all().item<bool>()) << p << " " << simd::nade_target();
    }
  });
}

TEST(NadeScan, BackwardRunsTwiceOnRequestAndRefusesSecondDerivatives) {
  Rng rng(7);
  const auto nade = leaves(random_nade(8, 5, 0.5, rng), torch::kFloat32);
  const auto loss = nade_nll(random_binary(3, 8, 0.5, rng), nade).sum();
  const auto first = torch::autograd::grad({loss}, parameters(nade), {}, /*retain_graph=*/true);
  const auto second = torch::autograd::grad({loss}, parameters(nade), {}, /*retain_graph=*/true);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_TRUE(torch::equal(first[i], second[i]));
  try {
    torch::autograd::grad({loss}, parameters(nade), {}, true, /*create_graph=*/true);
    FAIL() << "nothing was thrown";
  } catch (const ConfigError& refusal) {
    EXPECT_STREQ(refusal.what(),
                 "[nade_scan] the fused kernel has no second derivatives; build the loss from "
                 "nade_logits_cumsum instead");
  }
}

TEST(NadeScan, RefusesWhatIsNotBinaryInTheKernelAndInTheTwin) {
  Rng rng(8);
  auto x = random_binary(3, 8, 0.5, rng);
  x[2][5] = 0.5;
  for (const auto type : {torch::kFloat32, torch::kDouble})
    EXPECT_EQ(
        message_of<ConfigError>([&] { nade_nll(x, leaves(random_nade(8, 5, 0.5, rng), type)); }),
        "[nade_scan] x must be 0 or 1, got 0.5 at sample 2, pixel 5; add binarize=threshold "
        "or binarize=stochastic to the data source");
}

TEST(NadeScan, RefusesSizesThatDoNotAgree) {
  Rng rng(9);
  auto nade = random_nade(8, 5, 0.5, rng);
  EXPECT_EQ(message_of<ShapeError>([&] {
              nade_nll(torch::zeros({2, 7}), nade);
            }),
            "[nade_scan] x must have shape [*, 8], got [2, 7]");
  nade.c = torch::zeros({4});
  EXPECT_EQ(message_of<ShapeError>([&] {
              nade_nll(torch::zeros({2, 8}), nade);
            }),
            "[nade_scan] c must have shape [5], got [4]");
}

TEST(NadeScan, AnEmptyBatchCostsNothing) {
  Rng rng(10);
  const auto nade = leaves(random_nade(8, 5, 0.5, rng), torch::kFloat32);
  const auto nll = nade_nll(torch::zeros({0, 8}), nade);
  EXPECT_EQ(nll.sizes(), (std::vector<std::int64_t>{0}));
  for (const auto& gradient : torch::autograd::grad({nll.sum()}, parameters(nade)))
    EXPECT_EQ(gradient.abs().sum().item<float>(), 0);
}

TEST(NadeScan, Float64RunsTheTwinInFull) {
  Rng rng(11);
  const auto nade = leaves(random_nade(8, 5, 0.5, rng), torch::kDouble);
  const auto x = random_binary(3, 8, 0.5, rng);
  const auto expected = twin_result(x, nade, torch::ones({3}));
  EXPECT_TRUE(torch::equal(nade_nll(x, nade).detach(), expected.nll));
}

TEST(NadeDraw, ReplayInFloat64GivesTheSamePixels) {
  Rng rng(12);
  auto nade = random_nade(784, 500, 0.1, rng);
  nade.b -= 2;
  const auto uniform = rng.uniform({9, 784});
  const auto x = nade_draw(uniform, {}, 1, nade).to(torch::kDouble);
  const auto probs = torch::sigmoid(nade_logits_cumsum(x, leaves(nade, torch::kDouble))).detach();
  const auto wrong = (uniform < probs).to(torch::kDouble) != x;
  const auto close = (uniform - probs).abs() < 1e-5;
  EXPECT_EQ(wrong.logical_and(close.logical_not()).sum().item<std::int64_t>(), 0);
  EXPECT_GT(x.mean().item<double>(), 0.02);
}

TEST(NadeDraw, EqualsTheLoopForEveryShapeOnEveryTarget) {
  on_each_target([&] {
    Rng rng(13);
    for (const std::int64_t batch : {1, 7, 33})
      for (const std::int64_t dims : {1, 2, 31})
        for (const std::int64_t hidden : {1, 16, 50}) {
          const auto nade = random_nade(dims, hidden, 0.7, rng);
          const auto uniform = rng.uniform({batch, dims});
          const auto given = rng.integers(3, {batch, dims}).to(torch::kUInt8);
          EXPECT_TRUE(torch::equal(nade_draw(uniform, given, 0.7, nade),
                                   nade_draw_loop(uniform, given, 0.7, nade)))
              << batch << " " << dims << " " << hidden << " " << simd::nade_target();
          EXPECT_TRUE(
              torch::equal(nade_draw(uniform, {}, 1, nade), nade_draw_loop(uniform, {}, 1, nade)));
        }
  });
}

}  // namespace
}  // namespace kiln
