#include "kiln/prob/log_mean_exp.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include <algorithm>

#include "kiln/core/rng.h"

namespace kiln {
namespace {

double log_mean_exp(const std::vector<double>& values) {
  LogMeanExp mean;
  mean.add(torch::tensor(values, torch::kDouble));
  return mean.value().item<double>();
}

// L_K = E log (1/K) sum_k w(z_k) over the K + 1 counts of z = 1 among K draws of q = (1/2, 1/2):
// a model with two latent states, p(z) = (.3, .7), p(x|z) = (.9, .2).
TEST(LogMeanExp, GivesTheExactBoundsOfATwoStateModel) {
  const double weights[] = {std::log(.3 * .9 / .5), std::log(.7 * .2 / .5)};
  const auto bound = [&](int draws) {
    double total = 0;
    for (int ones = 0; ones <= draws; ++ones) {
      std::vector<double> values(static_cast<std::size_t>(draws), weights[0]);
      std::fill_n(values.begin(), ones, weights[1]);
      const auto ways =
          std::lgamma(draws + 1) - std::lgamma(ones + 1) - std::lgamma(draws - ones + 1);
      total += std::exp(ways - draws * std::log(2.0)) * log_mean_exp(values);
    }
    return total;
  };
  EXPECT_NEAR(bound(1), -0.9445759076, 1e-10);
  EXPECT_NEAR(bound(2), -0.9180870135, 1e-10);
  EXPECT_NEAR(bound(3), -0.9090551136, 1e-10);
  EXPECT_NEAR(bound(5), -0.9019284485, 1e-10);
  EXPECT_NEAR(bound(10), -0.8966977927, 1e-10);
}

TEST(LogMeanExp, PartsGiveWhatTheWholeGives) {
  const auto values = 30 * Rng(4).normal({23, 5}).to(torch::kDouble);
  LogMeanExp whole, parts;
  whole.add(values);
  for (const auto& part : values.split(4)) parts.add(part);
  EXPECT_EQ(parts.count(), 23);
  EXPECT_TRUE(torch::allclose(whole.value(), parts.value(), 1e-14, 1e-14));
}

TEST(LogMeanExp, ShiftsWithItsValuesAndNeverOverflows) {
  EXPECT_NEAR(log_mean_exp({5000, 5000 + std::log(3.0)}), 5000 + std::log(2.0), 1e-11);
  EXPECT_NEAR(log_mean_exp({-5000, -5000 + std::log(3.0)}), -5000 + std::log(2.0), 1e-11);
}

TEST(LogMeanExp, GradientIsTheSoftmax) {
  const auto values = torch::tensor({.2, -1.0, 3.0}, torch::kDouble).requires_grad_();
  LogMeanExp mean;
  for (const auto& part : values.split(1)) mean.add(part);
  const auto slope = torch::autograd::grad({mean.value()}, {values})[0];
  EXPECT_TRUE(torch::allclose(slope, torch::softmax(values.detach(), 0), 1e-14, 1e-15));
}

}  // namespace
}  // namespace kiln
