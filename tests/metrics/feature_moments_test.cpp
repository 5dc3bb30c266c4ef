#include "kiln/metrics/feature_moments.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "kiln/core/rng.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

Tensor draws(Rng& rng, std::int64_t rows, std::int64_t columns) {
  return rng.normal({rows, columns}).to(torch::kDouble);
}

FeatureMoments moments_of(const std::vector<Tensor>& batches) {
  FeatureMoments moments(batches[0].size(1));
  for (const auto& batch : batches) moments.add(batch);
  return moments;
}

double largest(const Tensor& x) { return x.abs().max().item<double>(); }

// sum_i (x_ij - mean_j)(x_ik - mean_k) / (N - 1), number by number.
Tensor covariance_by_hand(const Tensor& x) {
  const auto n = x.size(0), f = x.size(1);
  const auto rows = x.accessor<double, 2>();
  std::vector<double> mean(static_cast<std::size_t>(f));
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < f; ++j)
      mean[static_cast<std::size_t>(j)] += rows[i][j] / static_cast<double>(n);
  const auto centred = [&](std::int64_t i, std::int64_t j) {
    return rows[i][j] - mean[static_cast<std::size_t>(j)];
  };
  auto covariance = torch::zeros({f, f}, torch::kDouble);
  for (std::int64_t j = 0; j < f; ++j)
    for (std::int64_t k = 0; k < f; ++k) {
      double sum = 0;
      for (std::int64_t i = 0; i < n; ++i) sum += centred(i, j) * centred(i, k);
      covariance[j][k] = sum / static_cast<double>(n - 1);
    }
  return covariance;
}

TEST(FeatureMoments, EqualTheirDefinitionHoweverTheSetIsCut) {
  Rng rng(1);
  const auto x = draws(rng, 60, 4).matmul(draws(rng, 4, 4)) + 3;
  const auto wanted = covariance_by_hand(x);
  for (const std::int64_t rows : {1, 7, 30, 60}) {
    const auto moments = moments_of(x.split(rows));
    EXPECT_EQ(moments.count(), 60);
    EXPECT_LT(largest(moments.mean() - x.mean(0)), 1e-13) << rows;
    EXPECT_LT(largest(moments.covariance() - wanted), 1e-12) << rows;
  }
}

TEST(FeatureMoments, DoNotDependOnTheOrderOfBatches) {
  Rng rng(2);
  auto batches = (draws(rng, 200, 5) * 2 - 1).split_with_sizes({1, 50, 99, 3, 47});
  batches[1] = batches[1] + 100;  // the mean moves as they come
  const auto there = moments_of(batches);
  std::reverse(batches.begin(), batches.end());
  const auto back = moments_of(batches);
  EXPECT_LT(largest(there.mean() - back.mean()), 1e-10);
  EXPECT_LT(largest(there.covariance() - back.covariance()), 1e-10);
}

// Deviations in 2^-20 stay what they are when 2^20 is added to them: the mean then is off by 2^20
// times some eps, 1e-9, and so is the covariance at most.  Sums of squares would be off by 2^40
// eps, 2e-4.
TEST(FeatureMoments, LoseNothingWhereTheMeanIsAMillionDeviations) {
  Rng rng(3);
  const auto steps = (draws(rng, 500, 3) * 1048576).round() / 1048576;
  const auto near = moments_of(steps.split(50)), far = moments_of((steps + 1048576).split(50));
  EXPECT_LT(largest(near.covariance() - far.covariance()), 1e-9);
}

TEST(FeatureMoments, ReckonWithFloatsInDouble) {
  Rng rng(4);
  const auto x = rng.normal({300, 3}) + 1000;
  EXPECT_TRUE(
      torch::equal(moments_of({x}).covariance(), moments_of({x.to(torch::kDouble)}).covariance()));
}

TEST(FeatureMoments, OfAnEmptyBatchAreThoseBefore) {
  FeatureMoments moments(2);
  moments.add(torch::zeros({0, 2}));
  EXPECT_EQ(moments.count(), 0);
  moments.add(torch::tensor({{0., 0.}, {2., 4.}}));
  moments.add(torch::zeros({0, 2}));
  EXPECT_TRUE(torch::equal(moments.mean(), torch::tensor({1., 2.}, torch::kDouble)));
  EXPECT_TRUE(
      torch::equal(moments.covariance(), torch::tensor({{2., 4.}, {4., 8.}}, torch::kDouble)));
}

TEST(FeatureMoments, RefuseWhatTheyCannotHold) {
  FeatureMoments moments(3);
  moments.add(torch::ones({1, 3}));
  EXPECT_EQ(message_of<ShapeError>([&] {
              moments.add(torch::zeros({2, 4}));
            }),
            "[feature_moments] features must have shape [*, 3], got [2, 4]");
  const auto endless = torch::full({2, 3}, std::numeric_limits<double>::infinity());
  EXPECT_EQ(message_of<ConfigError>([&] { moments.add(endless); }),
            "[feature_moments] features must be finite");
  EXPECT_EQ(message_of<ConfigError>([&] { moments.covariance(); }),
            "[feature_moments] a covariance needs at least 2 items, got 1");
  EXPECT_TRUE(torch::equal(moments.mean(), torch::ones({3}, torch::kDouble)));
  EXPECT_EQ(message_of<ConfigError>([] { FeatureMoments(0); }),
            "[feature_moments] features must be positive, got 0");
}

}  // namespace
}  // namespace kiln
