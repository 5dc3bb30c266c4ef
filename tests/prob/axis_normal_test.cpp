#include "kiln/prob/axis_normal.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kiln/core/rng.h"
#include "tests/models/basics/passes.h"

namespace kiln {
namespace {

Tensor normals(std::uint64_t seed, at::IntArrayRef shape) {
  Rng rng(seed);
  return rng.normal(shape).to(torch::kFloat64);
}

TEST(AxisNormal, PrincipalAxesAreEigenvectors) {
  const auto a = normals(1, {5, 5}), s = a.matmul(a.t());
  const auto axes = principal_axes(s);
  EXPECT_TRUE(
      torch::allclose(s.matmul(axes.directions), axes.directions * axes.variances, 0, 1e-12));
  EXPECT_TRUE(torch::allclose(axes.directions.t().matmul(axes.directions),
                              torch::eye(5, torch::kFloat64), 0, 1e-13));
  EXPECT_TRUE((axes.variances.slice(0, 0, 4) >= axes.variances.slice(0, 1)).all().item<bool>());
  EXPECT_TRUE(
      torch::equal(std::get<0>(axes.directions.max(0)), std::get<0>(axes.directions.abs().max(0))));
}

TEST(AxisNormal, DensityAndDrawsAreThoseOfItsCovariance) {
  const auto a = normals(2, {5, 5});
  const auto axes = principal_axes(a.matmul(a.t()));
  for (const std::int64_t j : {1, 3, 5}) {
    const AxisNormal law{normals(3, {5}), axes.directions.narrow(1, 0, j),
                         axes.variances.narrow(0, 0, j), torch::full({1}, 0.7, torch::kFloat64)};
    const auto v = law.directions, eye = torch::eye(5, torch::kFloat64);
    const auto covariance = (v * law.variances).matmul(v.t()) + 0.7 * (eye - v.matmul(v.t()));
    const auto x = 2 * normals(4, {9, 5});
    EXPECT_TRUE(
        torch::allclose(law.log_prob(x), normal_log_prob(x, law.mean, covariance), 1e-10, 1e-10));
    EXPECT_TRUE(torch::equal(law.at_noise(torch::zeros({1, 5}, torch::kFloat64))[0], law.mean));
    const auto root = law.at_noise(eye) - law.mean;
    EXPECT_TRUE(torch::allclose(root.t().matmul(root), covariance, 0, 1e-12)) << j;
  }
}

}  // namespace
}  // namespace kiln
