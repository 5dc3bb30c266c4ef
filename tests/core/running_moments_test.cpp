#include "kiln/core/running_moments.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kiln/core/rng.h"

namespace kiln {
namespace {

TEST(RunningMoments, BatchesOfAnySizeGiveTheMomentsOfAll) {
  Rng rng(1);
  const auto x = rng.normal({101, 4}).to(torch::kFloat64).mul_(torch::tensor({1., 2., .5, 3.}));
  const auto y = x + 1e7 * torch::tensor({1., -1., 0., 2.}, torch::kFloat64);  // far from 0
  const auto c = y - y.mean(0), expected = c.t().matmul(c) / 101;
  const auto directions = rng.normal({4, 2}).to(torch::kFloat64);
  for (const std::int64_t batch : {1, 10, 101}) {
    RunningMoments diagonal(4, 0), full(4, 4), sketch(4, 2);
    for (const auto& rows : y.split(batch)) {
      diagonal.add(rows), full.add(rows), sketch.add(rows, directions);
    }
    EXPECT_EQ(full.count(), 101);
    for (const auto* m : {&diagonal, &full, &sketch}) {
      EXPECT_TRUE(torch::allclose(m->mean(), y.mean(0), 1e-15, 0));
      EXPECT_NEAR(m->total_variance(), expected.trace().item<double>(), 1e-7);
    }
    // One number in 1e7 carries 1e-9 of rounding itself.
    EXPECT_TRUE(torch::allclose(full.covariance(), expected, 0, 1e-7)) << batch;
    EXPECT_TRUE(torch::allclose(diagonal.covariance(), expected.diag(), 0, 1e-7)) << batch;
    EXPECT_TRUE(torch::allclose(sketch.covariance(), expected.matmul(directions), 0, 1e-7));
  }
}

TEST(RunningMoments, ClearedTheyBeginAnew) {
  RunningMoments moments(2, 2);
  EXPECT_EQ(moments.total_variance(), 0);
  moments.add(torch::tensor({{5., 6.}, {7., 9.}}, torch::kFloat64));
  moments.clear();
  moments.add(torch::tensor({{1., 2.}, {3., 2.}}, torch::kFloat64));
  EXPECT_EQ(moments.count(), 2);
  EXPECT_TRUE(torch::equal(moments.mean(), torch::tensor({2., 2.}, torch::kFloat64)));
  EXPECT_TRUE(
      torch::equal(moments.covariance(), torch::tensor({{1., 0.}, {0., 0.}}, torch::kFloat64)));
  EXPECT_EQ(moments.total_variance(), 1);
}

}  // namespace
}  // namespace kiln
