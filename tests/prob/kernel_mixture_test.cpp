#include "kiln/prob/kernel_mixture.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "kiln/core/rng.h"

namespace kiln {
namespace {

Tensor normals(std::uint64_t seed, at::IntArrayRef shape) {
  Rng rng(seed);
  return rng.normal(shape).to(torch::kFloat64);
}

// log (1/m) sum_j N(x; c_j, h^2 I), term by term; `skip` is left out.
double by_hand(const Tensor& x, const Tensor& c, double h, std::int64_t skip = -1) {
  double sum = 0;
  const auto d = static_cast<double>(x.size(0));
  for (std::int64_t j = 0; j < c.size(0); ++j)
    if (j != skip)
      sum += std::exp(-(x - c[j]).square().sum().item<double>() / (2 * h * h)) /
             std::pow(2 * M_PI * h * h, d / 2);
  return std::log(sum / static_cast<double>(skip < 0 ? c.size(0) : c.size(0) - 1));
}

TEST(KernelMixture, IsTheSumOfItsKernels) {
  const auto x = normals(1, {6, 3}), c = normals(2, {40, 3});
  for (const double h : {0.3, 1.0, 2.5}) {
    const auto log_p = kernel_log_prob(x, c, h);
    for (std::int64_t i = 0; i < 6; ++i)
      EXPECT_NEAR(log_p[i].item<double>(), by_hand(x[i], c, h), 1e-11);
  }
  EXPECT_TRUE(kernel_log_prob(x + 1e4, c, 0.1).isfinite().all().item<bool>()) << "by logarithms";
}

TEST(KernelMixture, ManyBandwidthsAreEachByItself) {
  const auto x = normals(20, {1500, 1}), c = normals(21, {3000, 1});  // two blocks
  const auto h = torch::tensor({0.3, 1.0, 2.5}, torch::kFloat64), all = kernel_log_probs(x, c, h);
  for (std::int64_t i = 0; i < 3; ++i)
    EXPECT_TRUE(torch::equal(all[i], kernel_log_prob(x, c, h[i].item<double>())));
}

TEST(KernelMixture, BlocksDoNotShow) {
  const auto c = normals(3, {3000, 1}), x = normals(4, {3100, 1});  // three blocks
  const auto log_p = kernel_log_prob(x, c, 0.2);
  for (const std::int64_t i : {0, 1397, 1398, 2796, 3099})
    EXPECT_NEAR(log_p[i].item<double>(), by_hand(x[i], c, 0.2), 1e-11) << i;
  const auto left = leave_one_out(c, torch::tensor({0.2, 0.4}, torch::kFloat64), 2900);
  EXPECT_EQ(left.sizes(), (std::vector<std::int64_t>{2, 2900}));
  for (const std::int64_t i : {0, 1397, 1398, 1399, 2899})
    EXPECT_NEAR(left[1][i].item<double>(), by_hand(c[i], c, 0.4, i), 1e-11) << i;
}

TEST(KernelMixture, LeavingOneOutIsJustThat) {
  const auto c = normals(5, {12, 2});
  const auto left = leave_one_out(c, torch::tensor({0.1, 0.7}, torch::kFloat64), 100);
  for (std::int64_t i = 0; i < 12; ++i) {
    EXPECT_NEAR(left[0][i].item<double>(), by_hand(c[i], c, 0.1, i), 1e-11);
    EXPECT_NEAR(left[1][i].item<double>(), by_hand(c[i], c, 0.7, i), 1e-11);
  }
}

TEST(KernelMixture, TheBestBandwidthIsAPeakOfTheCrossValidatedLikelihood) {
  const auto c = 5 * normals(6, {300, 1});
  const double h = best_bandwidth(c, 300);
  const auto mean_at = [&](double at) {
    return leave_one_out(c, torch::full({1}, at, torch::kFloat64), 300).mean().item<double>();
  };
  for (const double octaves : {-3.0, -1.0, -0.25, -0.0625, 0.0625, 0.25, 1.0, 2.0})
    EXPECT_LT(mean_at(h * std::exp2(octaves)), mean_at(h)) << octaves;
  // The optimum for a normal law, 1.06 sigma n^(-1/5), within a factor of two.
  const double normal = 1.06 * 5 * std::pow(300.0, -0.2);
  EXPECT_GT(h, normal / 2);
  EXPECT_LT(h, normal * 2);
  EXPECT_NEAR(best_bandwidth(1000 * c, 300), 1000 * h, 1e-9 * 1000 * h) << "in any units";
}

TEST(KernelMixture, EqualCentresHaveABandwidthAllTheSame) {
  EXPECT_EQ(best_bandwidth(torch::ones({4, 2}, torch::kFloat64), 4), std::exp2(-11.25));
}

}  // namespace
}  // namespace kiln
