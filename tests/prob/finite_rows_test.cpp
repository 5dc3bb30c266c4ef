#include "kiln/prob/finite_rows.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <limits>

#include "tests/support/refusal.h"

namespace kiln {
namespace {

TEST(FiniteRows, AreTheRowsInFloat64WithoutGradient) {
  const auto x = torch::tensor({{1.f, 2.5f}}).requires_grad_();
  const auto rows = finite_rows("here", "x", x);
  EXPECT_TRUE(torch::equal(rows, torch::tensor({{1., 2.5}}, torch::kFloat64)));
  EXPECT_FALSE(rows.requires_grad());
  EXPECT_EQ(finite_rows("here", "x", torch::zeros({0, 3})).size(0), 0);
}

TEST(FiniteRows, RefuseANumberByItsPlace) {
  auto x = torch::zeros({3, 2});
  x[2][0] = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(message_of<ConfigError>([&] { finite_rows("here", "y", x); }),
            "[here] y must be finite, got -inf at sample 2, number 0; leave such items out of the "
            "data");
  EXPECT_EQ(message_of<ShapeError>([] { finite_rows("here", "y", torch::zeros(3)); }),
            "[here] y must have shape [*, *], got [3]");
}

}  // namespace
}  // namespace kiln
