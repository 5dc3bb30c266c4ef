#include "kiln/metrics/code_density.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <numeric>

namespace kiln {
namespace {

Tensor points(std::vector<double> xy) { return torch::tensor(xy, torch::kDouble).view({-1, 2}); }

// Cells of side 1: a share per unit of area is the share of the cell.
TEST(CodeDensity, RowsGoDownFromTheTopAndColumnsRight) {
  const auto map = code_density(points({-.5, .5, -.5, .5, .5, .5, .5, -.5}), 1, 2);
  EXPECT_EQ(map.values, (std::vector<double>{.5, .25, 0, .25}));
  EXPECT_EQ(map.rows, 2);
  EXPECT_EQ(map.x_left, -1);
  EXPECT_EQ(map.y_top, 1);
}

TEST(CodeDensity, ValuesTimesTheAreaAddUpToOneAlsoWithPointsOutside) {
  const auto map = code_density(points({0, 0, 9, 9, -3, 0, 2.9, -2.9, 3, -9}), 3, 4);
  const double sum = std::accumulate(map.values.begin(), map.values.end(), 0.0);
  EXPECT_NEAR(sum * 1.5 * 1.5, 1, 1e-12);
  EXPECT_NEAR(map.values[3], .2 / 2.25, 1e-12);   // far up and right
  EXPECT_NEAR(map.values[15], .4 / 2.25, 1e-12);  // on the edge, and below it
}

}  // namespace
}  // namespace kiln
