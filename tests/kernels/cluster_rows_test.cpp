#include "kiln/kernels/cluster_rows.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kiln/core/rng.h"
#include "kiln/prob/nearest_centre.h"

namespace kiln {
namespace {

// Sums of D squares in another order: D ulp of the sum, and of |x| + |c| in the sums of x - c.
TEST(ClusterRows, IsTheTwinOfTheNearestCentreAndItsSums) {
  Rng rng(1);
  for (const std::int64_t rows : {1, 7, 200})
    for (const std::int64_t dims : {1, 2, 7, 8, 9, 16, 131, 300})
      for (const std::int64_t clusters : {1, 3, 4, 5, 8, 11}) {
        const auto x = 3 * rng.normal({rows, dims}) + 100;
        const auto centres = (3 * rng.normal({clusters, dims}) + 100).to(torch::kFloat64);
        const auto fused = cluster_rows(x, centres);
        const auto wide = x.to(torch::kFloat64);
        const auto near = nearest_centre(wide, centres);
        const auto [counts, sums] =
            cluster_sums(wide - centres.index_select(0, near.index), near.index, clusters);
        ASSERT_TRUE(torch::equal(fused.index, near.index)) << rows << " " << dims;
        EXPECT_TRUE(torch::allclose(fused.distance, near.distance, 1e-13, 1e-13));
        EXPECT_TRUE(torch::equal(fused.counts, counts));
        EXPECT_TRUE(torch::allclose(fused.sums, sums, 0, 1e-11));
      }
}

TEST(ClusterRows, TakesTheFirstOfEquallyNearCentresAndSaysWhatIsNotFinite) {
  const auto centres =
      torch::tensor({{1., 0.}, {-1., 0.}, {0., 1.}, {0., -1.}, {1., 0.}}, torch::kFloat64);
  const auto near = cluster_rows(torch::tensor({{0.f, 0.f}, {-.5f, -.5f}, {2.f, 0.f}}), centres);
  EXPECT_TRUE(torch::equal(near.index, torch::tensor({0, 1, 0})));
  for (const float bad : {NAN, HUGE_VALF})
    EXPECT_FALSE(
        cluster_rows(torch::tensor({{bad, 0.f}}), centres).distance.isfinite().item<bool>());
}

TEST(ClusterRows, HasTheSameBitsForAnyNumberOfThreads) {
  Rng rng(2);
  const auto x = rng.normal({1000, 500});
  const auto centres = rng.normal({13, 500}).to(torch::kFloat64);
  const auto before = at::get_num_threads();
  at::set_num_threads(1);
  const auto alone = cluster_rows(x, centres);
  at::set_num_threads(3);
  const auto together = cluster_rows(x, centres);
  at::set_num_threads(before);
  EXPECT_TRUE(torch::equal(alone.index, together.index));
  EXPECT_TRUE(torch::equal(alone.distance, together.distance));
  EXPECT_TRUE(torch::equal(alone.sums, together.sums));
}

TEST(ClusterRows, ServesFloatsOnTheProcessorAlone) {
  const auto x = torch::zeros({2, 3}), centres = torch::zeros({1, 3}, torch::kFloat64);
  EXPECT_TRUE(cluster_rows_serves(x, centres));
  EXPECT_FALSE(cluster_rows_serves(centres, centres));
  EXPECT_FALSE(cluster_rows_serves(x, x));
  EXPECT_FALSE(cluster_rows_serves(torch::zeros({0, 3}), centres));
}

}  // namespace
}  // namespace kiln
