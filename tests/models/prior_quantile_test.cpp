#include <gtest/gtest.h>
#include <torch/types.h>

#include "kiln/models/model.h"

namespace kiln {
namespace {

class Plane : public Prior {
 public:
  Tensor sample_prior(std::int64_t count, Rng& rng) override { return rng.normal({count, 2}); }
};

TEST(PriorQuantile, IsTheInverseOfTheStandardNormalDistributionFunction) {
  const auto u = torch::tensor({1e-9, 0.025, 0.3, 0.5, 0.7, 0.975, 1 - 1e-9}, torch::kFloat64);
  const auto z = Plane().prior_quantile(u);
  for (std::int64_t i = 0; i < u.numel(); ++i) {
    const double below = 0.5 * std::erfc(-z[i].item<double>() / std::sqrt(2.0));
    EXPECT_NEAR(below, u[i].item<double>(), 1e-12);
  }
  EXPECT_NEAR(z[1].item<double>(), -1.959963984540054, 1e-12);
  EXPECT_EQ(Plane().prior_quantile(torch::full({3, 2}, 0.5)).sizes(), (at::IntArrayRef{3, 2}));
}

}  // namespace
}  // namespace kiln
