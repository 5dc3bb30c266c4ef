#include "kiln/kernels/nade_scan.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <hwy/targets.h>
#include <torch/torch.h>

#include <set>

#include "kiln/core/error.h"
#include "kiln/core/rng.h"
#include "kiln/kernels/nade_scan_simd.h"

namespace kiln {
namespace {

// Weights of standard deviation `scale` and a random visiting order.
NadeTensors random_nade(std::int64_t dims, std::int64_t hidden, double scale, Rng& rng) {
  return {rng.normal({dims, hidden}) * scale, rng.normal({dims, hidden}) * scale,
          rng.normal({dims}) * scale, rng.normal({hidden}) * scale, rng.permutation(dims)};
}

std::vector<Tensor> parameters(const NadeTensors& nade) { return {nade.W, nade.V, nade.b, nade.c}; }

NadeTensors copy_for_gradients(const NadeTensors& nade, torch::Dtype type) {
  const auto copy = [&](const Tensor& t) {
    return t.detach().to(type, false, true).set_requires_grad(true);
  };
  return {copy(nade.W), copy(nade.V), copy(nade.b), copy(nade.c), nade.order};
}

Tensor random_binary(std::int64_t batch, std::int64_t dims, double ones, Rng& rng) {
  return rng.bernoulli(torch::full({batch, dims}, ones));
}

struct Result {
  Tensor nll;
  std::vector<Tensor> gradients;
};

// The nll of every sample and the gradients of a weighted sum of them.
Result kernel_result(const Tensor& x, const NadeTensors& nade, const Tensor& weight) {
  const auto own = copy_for_gradients(nade, torch::kFloat32);
  const auto nll = nade_nll(x, own);
  return {nll.detach(), torch::autograd::grad({(nll * weight).sum()}, parameters(own))};
}

Result twin_result(const Tensor& x, const NadeTensors& nade, const Tensor& weight) {
  const auto own = copy_for_gradients(nade, torch::kDouble);
  const auto values = x.to(torch::kDouble);
  const auto nll = nade_nll_of_logits(values, nade_logits_cumsum(values, own));
  return {nll.detach(), torch::autograd::grad({(nll * weight).sum()}, parameters(own))};
}

double error(const Tensor& got, const Tensor& truth) {
  const auto scale = truth.abs().max().item<double>();
  return (got.to(torch::kDouble) - truth).abs().max().item<double>() / (scale > 0 ? scale : 1);
}

// Float32 arithmetic of sums of a few hundred terms: rounding of 2^-24 a term leaves some 1e-6.
constexpr double kTolerance = 5e-6;

void expect_equal_to_twin(std::int64_t batch, std::int64_t dims, std::int64_t hidden, double ones) {
  Rng rng(static_cast<std::uint64_t>(batch * 10007 + dims * 101 + hidden));
  const auto nade = random_nade(dims, hidden, 0.3, rng);
  const auto x = random_binary(batch, dims, ones, rng);
  const auto weight = rng.normal({batch});
  const auto got = kernel_result(x, nade, weight), truth = twin_result(x, nade, weight);
  const auto where = testing::Message() << "B " << batch << ", D " << dims << ", H " << hidden
                                        << ", " << ones << " ones, " << simd::nade_target();
  EXPECT_LT(error(got.nll, truth.nll), kTolerance) << "nll " << where;
  const char* names[] = {"W", "V", "b", "c"};
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_LT(error(got.gradients[i], truth.gradients[i]), kTolerance) << names[i] << " " << where;
}

// Runs `body` once for each instruction set of this machine.
template <class Body>
void on_each_target(const Body& body) {
  const auto targets = hwy::SupportedTargets() & (HWY_SCALAR | HWY_SSE4 | HWY_AVX2 | HWY_AVX3);
  for (std::int64_t left = targets; left; left &= left - 1) {
    hwy::SetSupportedTargetsForTest(left & -left);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    body();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
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
  EXPECT_GE(targets.size(), 2u) << "SSE4 and AVX2 at least";
  EXPECT_EQ(std::set(targets.begin(), targets.end()).size(), targets.size());
}

TEST(NadeScan, EqualsTheTwinAtFullSize) { expect_equal_to_twin(33, 784, 500, 0.13); }

}  // namespace
}  // namespace kiln
