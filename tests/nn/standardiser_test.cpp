#include "kiln/nn/standardiser.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "tests/support/refusal.h"

namespace kiln {
namespace {

TEST(Standardiser, GoesThereAndBackAndKnowsTheVolume) {
  Standardiser s(2);
  const auto x = torch::tensor({{1., 2.}, {4., -6.}}, torch::kFloat64);
  EXPECT_TRUE(torch::equal(s.scale().standard(x), x));
  EXPECT_EQ(s.scale().log_volume(), 0);
  s.set("here", torch::tensor({1., -6.}), torch::tensor({3., 8.}));
  const auto y = torch::tensor({{0., 1.}, {1., 0.}}, torch::kFloat64);
  EXPECT_TRUE(torch::allclose(s.scale().standard(x), y, 0, 1e-15));
  EXPECT_TRUE(torch::allclose(s.scale().own_units(y), x, 0, 1e-15));
  EXPECT_NEAR(s.scale().log_volume(), std::log(24.0), 1e-15);
}

TEST(Standardiser, AColumnThatDoesNotVaryIsRefused) {
  Standardiser s(2);
  EXPECT_EQ(message_of<ConfigError>([&] {
              s.set("here", torch::tensor({1.f, 5.f}), torch::tensor({2.f, 0.f}));
            }),
            "[here] column 1 (counted from 0) is 5 in every row, so it has no density; leave it "
            "out with columns= in the data source");
  EXPECT_EQ(message_of<ShapeError>([&] { s.set("here", torch::zeros({3}), torch::ones({3})); }),
            "[here] mean must have shape [2], got [3]");
}

}  // namespace
}  // namespace kiln
