#include "kiln/nn/latent_grid.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kiln/core/error.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

TEST(LatentGrid, PositionsAreMiddlesOfEqualCellsFromTheTopLeftRowByRow) {
  const auto u = grid_quantiles(4);
  ASSERT_EQ(u.sizes(), (std::vector<std::int64_t>{16, 2}));
  for (std::int64_t row = 0; row < 4; ++row)
    for (std::int64_t column = 0; column < 4; ++column) {
      const auto at = u[4 * row + column];
      EXPECT_EQ(at[0].item<double>(), (static_cast<double>(column) + 0.5) / 4);
      EXPECT_EQ(at[1].item<double>(), (static_cast<double>(3 - row) + 0.5) / 4);
    }
  EXPECT_EQ(message_of<ConfigError>([] { grid_quantiles(0); }),
            "[latent_grid] n must be positive, got 0");
}

TEST(LatentGrid, ATraversalMovesOneLatentAndLeavesTheOthersAtTheBase) {
  const auto base = torch::tensor({0.5, -1.0, 2.0});
  const auto values = torch::tensor({{-3.0, -2.0, -1.0}, {3.0, 2.0, 1.0}});
  const auto z = traversal(base, {2, 0}, values);
  const auto expected =
      torch::tensor({{0.5, -1.0, -1.0}, {0.5, -1.0, 1.0}, {-3.0, -1.0, 2.0}, {3.0, -1.0, 2.0}});
  EXPECT_TRUE(torch::equal(z, expected)) << z;
  EXPECT_TRUE(torch::equal(base, torch::tensor({0.5, -1.0, 2.0})));
}

TEST(LatentGrid, ATraversalThroughTheBaseReproducesItExactly) {
  const auto base = torch::tensor({0.25, 1.5});
  const auto z = traversal(base, {0, 1}, base.unsqueeze(0));
  EXPECT_TRUE(torch::equal(z, base.expand({2, 2})));
}

TEST(LatentGrid, RefusesLatentsThatDoNotExistAndValuesOfAnotherSize) {
  const auto base = torch::zeros(3), values = torch::zeros({2, 3});
  EXPECT_EQ(message_of<ConfigError>([&] {
              traversal(base, {0, 3}, values);
            }),
            "[latent_grid.traversal] there is no latent 3: there are 3, counted from 0");
  EXPECT_EQ(message_of<ConfigError>([&] { traversal(base, {-1}, values); }),
            "[latent_grid.traversal] there is no latent -1: there are 3, counted from 0");
  EXPECT_EQ(message_of<ShapeError>([&] {
              traversal(base, {0}, torch::zeros({2, 4}));
            }),
            "[latent_grid.traversal] values must have shape [*, 3], got [2, 4]");
}

}  // namespace
}  // namespace kiln
