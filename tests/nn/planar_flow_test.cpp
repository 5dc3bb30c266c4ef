#include "kiln/nn/planar_flow.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kiln/core/rng.h"
#include "tests/support/jacobian.h"

namespace kiln {
namespace {

Tensor row(std::vector<double> values) {
  return torch::tensor(values, torch::kDouble).unsqueeze(0);
}

TEST(PlanarFlow, GivesTheKnownNumbers) {
  const auto w = row({.7, -.4}), u = row({-1.2, .9});
  const auto direction = planar_direction(w, u);
  EXPECT_NEAR(direction[0][0].item<double>(), -0.7010804198, 1e-10);
  EXPECT_NEAR(direction[0][1].item<double>(), 0.6149030970, 1e-10);
  EXPECT_NEAR((w * direction).sum().item<double>(), -0.7367175327, 1e-10);
  const auto moved = planar_flow(row({.3, -.8}), w, u, row({.1}));
  EXPECT_NEAR(moved.log_det.item<double>(), -0.7078289976963437, 1e-14);
  const auto t = std::tanh(.7 * .3 + .4 * .8 + .1);
  EXPECT_NEAR(moved.z[0][0].item<double>(), .3 - 0.7010804198 * t, 1e-10);
}

TEST(PlanarFlow, LogDeterminantIsThatOfTheJacobian) {
  Rng rng(1);
  for (int repeat = 0; repeat < 20; ++repeat) {
    const auto draw = [&](std::int64_t n) { return 2 * rng.normal({1, n}).to(torch::kDouble); };
    const auto w = draw(4), u = draw(4), b = draw(1), z = draw(4);
    const auto jacobian = jacobian_of(
        [&](const Tensor& at) { return planar_flow(at.unsqueeze(0), w, u, b).z[0]; }, z[0]);
    const auto [sign, log_det] = torch::linalg_slogdet(jacobian);
    EXPECT_EQ(sign.item<double>(), 1);
    EXPECT_NEAR(planar_flow(z, w, u, b).log_det.item<double>(), log_det.item<double>(), 1e-10);
  }
}

// w^T u far below -1 would fold space; the constrained direction keeps the map increasing along w.
TEST(PlanarFlow, CanBeUndoneWhateverTheNumbers) {
  const auto w = row({3, 1}), u = row({-9, 4});
  EXPECT_GT((w * planar_direction(w, u)).sum().item<double>(), -1);
  const auto line = torch::linspace(-5, 5, 1001, torch::kDouble).unsqueeze(1) * w / w.norm();
  const auto along = planar_flow(line, w.expand({1001, 2}), u.expand({1001, 2}),
                                 torch::zeros({1001, 1}, torch::kDouble))
                         .z.matmul(w[0]);
  EXPECT_GT((along.slice(0, 1) - along.slice(0, 0, -1)).min().item<double>(), 0);
}

TEST(PlanarFlow, EachItemHasItsOwnMapForAllOfItsDraws) {
  Rng rng(2);
  const auto w = rng.normal({3, 2}), u = rng.normal({3, 2}), b = rng.normal({3, 1}),
             z = rng.normal({5, 3, 2});
  const auto all = planar_flow(z, w, u, b);
  for (std::int64_t i = 0; i < 3; ++i) {
    const auto one = planar_flow(z.select(1, i), w[i], u[i], b[i]);
    EXPECT_TRUE(torch::allclose(all.z.select(1, i), one.z, 1e-5, 1e-6));
    EXPECT_TRUE(torch::allclose(all.log_det.select(1, i), one.log_det, 1e-5, 1e-6));
  }
}

TEST(PlanarFlow, StaysFiniteWhereAMapCollapses) {
  const auto w = torch::tensor({{1.f, 0.f}}), u = torch::tensor({{-200.f, 0.f}});
  const auto moved = planar_flow(torch::zeros({1, 2}), w, u, torch::zeros({1, 1}));
  EXPECT_TRUE(moved.log_det.isfinite().all().item<bool>());
  const auto none = planar_flow(torch::ones({1, 2}), 0 * w, u, torch::ones({1, 1}));
  EXPECT_TRUE(none.z.isfinite().all().item<bool>());
}

}  // namespace
}  // namespace kiln
