#include "kiln/kernels/rnade_scan.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <numbers>
#include <set>

#include "kiln/core/error.h"
#include "kiln/core/options.h"
#include "kiln/core/rng.h"
#include "kiln/kernels/rnade_scan_simd.h"
#include "tests/support/each_target.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

struct Sizes {
  std::int64_t batch = 20, dims = 5, hidden = 9, components = 3;
};

// Weights of standard deviation `scale`, rho about 1, and a random visiting order.
RnadeTensors random_rnade(const Sizes& n, double scale, Rng& rng) {
  return {rng.normal({n.dims, n.hidden}) * scale,
          rng.normal({n.dims}) * 0.3 + 1,
          rng.normal({n.hidden}) * scale,
          rng.normal({n.dims, n.hidden, 3 * n.components}) * scale,
          rng.normal({n.dims, 3 * n.components}) * scale,
          rng.permutation(n.dims)};
}

std::vector<Tensor> parameters(const RnadeTensors& rnade) {
  return {rnade.W, rnade.rho, rnade.c, rnade.V, rnade.b};
}
constexpr const char* kNames[] = {"W", "rho", "c", "V", "b"};

// Leaves of the graph, in another type.
RnadeTensors leaves(const RnadeTensors& rnade, torch::Dtype type) {
  const auto leaf = [&](const Tensor& t) {
    return t.detach().to(type, false, true).set_requires_grad(true);
  };
  return {leaf(rnade.W), leaf(rnade.rho), leaf(rnade.c), leaf(rnade.V), leaf(rnade.b), rnade.order};
}

struct Result {
  Tensor nll;
  std::vector<Tensor> gradients;  // of a weighted sum of the nll of the samples
};

Result result(const Tensor& x, const RnadeTensors& rnade, const RnadeLaw& law, const Tensor& weight,
              torch::Dtype type) {
  const auto own = leaves(rnade, type);
  const auto nll = rnade_nll(x.to(type), own, law);
  return {nll.detach(), torch::autograd::grad({(nll * weight.to(type)).sum()}, parameters(own))};
}

// Largest difference relative to the largest number.
double error(const Tensor& got, const Tensor& truth) {
  const auto scale = truth.abs().max().item<double>();
  return (got.to(torch::kDouble) - truth).abs().max().item<double>() / (scale > 0 ? scale : 1);
}

// Exponents of up to some 30 are known to 30 * 2^-24 = 2e-6, and terms of either sign are summed.
constexpr double kFloatTolerance = 2e-5;

void expect_equal_to_twin(const Sizes& n, const RnadeLaw& law, double scale = 0.4) {
  Rng rng(static_cast<std::uint64_t>(n.batch * 10007 + n.dims * 101 + n.hidden + n.components));
  const auto rnade = random_rnade(n, scale, rng);
  const auto x = rng.normal({n.batch, n.dims}), weight = rng.normal({n.batch});
  const auto got = result(x, rnade, law, weight, torch::kFloat32);
  const auto truth = result(x, rnade, law, weight, torch::kDouble);
  const auto where = testing::Message()
                     << "B " << n.batch << ", D " << n.dims << ", H " << n.hidden << ", K "
                     << n.components << ", " << enum_name(law.component) << ", "
                     << enum_name(law.activation) << ", " << simd::rnade_target();
  EXPECT_LT(error(got.nll, truth.nll), kFloatTolerance) << "nll " << where;
  for (std::size_t i = 0; i < got.gradients.size(); ++i)
    EXPECT_LT(error(got.gradients[i], truth.gradients[i]), kFloatTolerance)
        << kNames[i] << " " << where;
}

std::vector<RnadeLaw> all_laws() {
  std::vector<RnadeLaw> laws;
  for (const auto component : {MixtureComponent::gaussian, MixtureComponent::laplace})
    for (const auto activation : {RnadeActivation::relu, RnadeActivation::sigmoid})
      for (const bool scaled : {false, true}) laws.push_back({component, activation, -1, scaled});
  return laws;
}

TEST(RnadeScan, EqualsTheTwinInFloat64ForEveryShapeOnEveryTarget) {
  std::set<std::string> targets;
  on_each_target([&] {
    EXPECT_TRUE(targets.insert(simd::rnade_target()).second);
    for (const std::int64_t batch : {1, 7, 16, 33, 70, 130}) expect_equal_to_twin({batch}, {});
    for (const std::int64_t dims : {1, 2, 3, 17}) expect_equal_to_twin({20, dims}, {});
    for (const std::int64_t hidden : {1, 2, 3, 4, 8, 50, 65, 130})
      expect_equal_to_twin({20, 4, hidden}, {});
    for (const std::int64_t components : {1, 2, 4, 5, 6, 10, 11})
      expect_equal_to_twin({20, 4, 6, components}, {});
    for (const auto& law : all_laws()) expect_equal_to_twin({40, 6, 10, 4}, law);
  });
  EXPECT_GE(targets.size(), 2u) << "SCALAR and what the machine has";
}

TEST(RnadeScan, EqualsTheTwinAtFullSize) { expect_equal_to_twin({100, 64, 512, 20}, {}, 0.05); }

TEST(RnadeScan, BothFormsOfTheTwinAgree) {
  Rng rng(2);
  const auto rnade = leaves(random_rnade({}, 0.8, rng), torch::kDouble);
  const auto x = rng.normal({9, 5}).to(torch::kDouble);
  for (const auto& law : all_laws()) {
    const auto cumsum = rnade_heads_cumsum(x, rnade, law), loop = rnade_heads_loop(x, rnade, law);
    EXPECT_LT((cumsum - loop).abs().max().item<double>(), 1e-12);
    const auto a = torch::autograd::grad({cumsum.sin().sum()}, parameters(rnade));
    const auto b = torch::autograd::grad({loop.sin().sum()}, parameters(rnade));
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_LT(error(a[i], b[i]), 1e-12);
  }
}

TEST(RnadeScan, GradientsOfTheTwinEqualFiniteDifferences) {
  Rng rng(3);
  const auto rnade = leaves(random_rnade({}, 0.7, rng), torch::kDouble);
  const auto x = rng.normal({4, 5}).to(torch::kDouble);
  for (const auto component : {MixtureComponent::gaussian, MixtureComponent::laplace}) {
    const RnadeLaw law{component, RnadeActivation::sigmoid, -1, false};
    const auto loss = [&] { return rnade_nll(x, rnade, law).sum(); };
    const auto gradients = torch::autograd::grad({loss()}, parameters(rnade));
    torch::NoGradGuard no_grad;
    const double step = 1e-5;  // error step^2 = 1e-10, rounding 1e-15 / step = 1e-10
    for (std::size_t p = 0; p < gradients.size(); ++p) {
      const auto weights = parameters(rnade)[p].view(-1), gradient = gradients[p].reshape(-1);
      for (std::int64_t i = 0; i < weights.size(0); i += 3) {
        weights[i] += step;
        const auto above = loss().item<double>();
        weights[i] -= 2 * step;
        const auto below = loss().item<double>();
        weights[i] += step;
        EXPECT_NEAR(gradient[i].item<double>(), (above - below) / (2 * step), 1e-7) << kNames[p];
      }
    }
  }
}

TEST(RnadeScan, TheScaledGradientOfAMeanIsSigmaTimesItsOwn) {
  Rng rng(4);
  auto rnade = random_rnade({.components = 1}, 0.5, rng);
  rnade.V.zero_();
  const auto x = rng.normal({1, 5}), one = torch::ones({1});
  const RnadeLaw plain, scaled{.scaled_mean_gradient = true};
  const auto a = result(x, rnade, plain, one, torch::kFloat32),
             b = result(x, rnade, scaled, one, torch::kFloat32);
  EXPECT_TRUE(torch::equal(a.nll, b.nll));
  const auto sigma = rnade_mixture(rnade.b, plain).log_sigma.select(1, 0).exp();
  const auto mean_a = a.gradients[4].select(1, 1), mean_b = b.gradients[4].select(1, 1);
  EXPECT_LT(error(mean_b, (mean_a * sigma).to(torch::kDouble)), 1e-6);
  EXPECT_GT((mean_b - mean_a).abs().max().item<float>(), 0.01);
}

TEST(RnadeScan, BitsDoNotDependOnTheNumberOfThreads) {
  Rng rng(5);
  const auto rnade = random_rnade({70, 9, 150, 7}, 0.2, rng);
  const auto x = rng.normal({70, 9}), weight = rng.normal({70});
  const auto one = result(x, rnade, {}, weight, torch::kFloat32);
  for (const int threads : {2, 3}) {
    at::set_num_threads(threads);
    const auto many = result(x, rnade, {}, weight, torch::kFloat32);
    EXPECT_TRUE(torch::equal(many.nll, one.nll));
    for (std::size_t i = 0; i < many.gradients.size(); ++i)
      EXPECT_TRUE(torch::equal(many.gradients[i], one.gradients[i])) << kNames[i];
    at::set_num_threads(1);
  }
}

TEST(RnadeScan, ASampleCostsTheSameInAnyCompanyAndWithoutAGraph) {
  Rng rng(6);
  const auto rnade = random_rnade({}, 0.5, rng);
  const auto x = rng.normal({50, 5});
  const auto all = rnade_nll(x, rnade, {});
  for (const std::int64_t s : {0, 17, 49})
    EXPECT_TRUE(torch::equal(rnade_nll(x.slice(0, s, s + 1), rnade, {}), all.slice(0, s, s + 1)));
  EXPECT_TRUE(torch::equal(rnade_nll(x, leaves(rnade, torch::kFloat32), {}).detach(), all));
}

TEST(RnadeScan, HugeWeightsStayFiniteOnEveryTarget) {
  Rng rng(7);
  const auto rnade = random_rnade({12, 6, 40, 5}, 30, rng);
  const auto x = rng.normal({12, 6}), weight = torch::ones({12});
  on_each_target([&] {
    for (const auto& law : all_laws()) {
      const auto got = result(x, rnade, law, weight, torch::kFloat32);
      EXPECT_TRUE(got.nll.isfinite().all().item<bool>()) << simd::rnade_target();
      for (const auto& gradient : got.gradients)
        EXPECT_TRUE(gradient.isfinite().all().item<bool>()) << simd::rnade_target();
    }
  });
}

TEST(RnadeScan, AMeanFarFromTheDataStaysFinite) {
  Rng rng(14);
  auto rnade = random_rnade({.components = 1}, 0, rng);
  rnade.b.select(1, 1).fill_(1e25f);
  on_each_target([&] {
    const auto got = result(torch::zeros({1, 5}), rnade, {}, torch::ones({1}), torch::kFloat32);
    EXPECT_TRUE(got.nll.isfinite().all().item<bool>()) << simd::rnade_target();
    for (const auto& gradient : got.gradients)
      EXPECT_TRUE(gradient.isfinite().all().item<bool>()) << simd::rnade_target();
  });
}

TEST(RnadeScan, AComponentFarBelowTheFloorKeepsAFiniteDensityAndASlope) {
  Rng rng(8);
  auto rnade = random_rnade({.components = 1}, 0, rng);
  rnade.b.select(1, 2).fill_(-9);
  const auto x = torch::full({1, 5}, 1e-3f), one = torch::ones({1});
  const auto got = result(x, rnade, {}, one, torch::kFloat32);
  const double sigma = std::exp(-7.0) + std::exp(-9.0), u = 1e-3 / sigma;
  const double nll = 0.5 * u * u + std::log(sigma) + 0.5 * std::log(2 * std::numbers::pi);
  EXPECT_NEAR(got.nll.item<double>(), 5 * nll, 1e-4);
  const double slope = (1 - u * u) * std::exp(-9.0) / sigma;
  EXPECT_NEAR(got.gradients[4][0][2].item<double>(), slope, 1e-5);
}

TEST(RnadeScan, AWeightThatIsNotANumberShowsInTheLoss) {
  on_each_target([&] {
    for (std::size_t p = 0; p < 5; ++p) {
      Rng rng(9);
      auto rnade = random_rnade({}, 1, rng);
      rnade.order = torch::arange(5);
      parameters(rnade)[p].view(-1)[p == 4 ? 2 : 0] = std::nan("");
      const auto nll = rnade_nll(torch::ones({3, 5}), rnade, {});
      EXPECT_TRUE(nll.isnan().all().item<bool>()) << kNames[p] << " " << simd::rnade_target();
    }
  });
}

TEST(RnadeScan, BackwardRunsTwiceOnRequestAndRefusesSecondDerivatives) {
  Rng rng(10);
  const auto rnade = leaves(random_rnade({}, 0.5, rng), torch::kFloat32);
  const auto loss = rnade_nll(rng.normal({3, 5}), rnade, {}).square().sum();
  const auto first = torch::autograd::grad({loss}, parameters(rnade), {}, /*retain_graph=*/true);
  const auto second = torch::autograd::grad({loss}, parameters(rnade), {}, /*retain_graph=*/true);
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_TRUE(torch::equal(first[i], second[i]));
  EXPECT_EQ(message_of<ConfigError>([&] {
              torch::autograd::grad({loss}, parameters(rnade), {}, true, /*create_graph=*/true);
            }),
            "[rnade_scan] the fused kernel has no second derivatives; build the loss from "
            "rnade_heads_cumsum instead");
}

TEST(RnadeScan, RefusesWhatIsNotFiniteInTheKernelAndInTheTwin) {
  Rng rng(11);
  auto x = rng.normal({3, 5});
  x[2][4] = std::nan("");
  for (const auto type : {torch::kFloat32, torch::kDouble})
    EXPECT_EQ(
        message_of<ConfigError>([&] { rnade_nll(x, leaves(random_rnade({}, 1, rng), type), {}); }),
        "[rnade_scan] x must be finite, got nan at row 2, column 4; leave such rows out of the "
        "data");
}

TEST(RnadeScan, RefusesSizesThatDoNotAgree) {
  Rng rng(12);
  auto rnade = random_rnade({}, 1, rng);
  EXPECT_EQ(message_of<ShapeError>([&] {
              rnade_nll(torch::zeros({2, 7}), rnade, {});
            }),
            "[rnade_scan] x must have shape [*, 5], got [2, 7]");
  rnade.b = torch::zeros({5, 8});
  EXPECT_EQ(message_of<ShapeError>([&] {
              rnade_nll(torch::zeros({2, 5}), rnade, {});
            }),
            "[rnade_scan] b must have shape [5, 9], got [5, 8]");
}

TEST(RnadeScan, AnEmptyBatchCostsNothing) {
  Rng rng(13);
  const auto rnade = leaves(random_rnade({}, 1, rng), torch::kFloat32);
  const auto nll = rnade_nll(torch::zeros({0, 5}), rnade, {});
  EXPECT_EQ(nll.sizes(), (std::vector<std::int64_t>{0}));
  for (const auto& gradient : torch::autograd::grad({nll.sum()}, parameters(rnade)))
    EXPECT_EQ(gradient.abs().sum().item<float>(), 0);
}

}  // namespace
}  // namespace kiln
