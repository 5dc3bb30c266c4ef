#include "kiln/nn/pixel_law.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

namespace kiln {
namespace {

TEST(PixelLaw, ShowsTheFirstStateAsMinusOneAndTheLastAsOne) {
  const SoftmaxLaw law(1, 5);
  const auto shown = law.scaled(torch::arange(5).to(torch::kFloat32));
  EXPECT_TRUE(torch::equal(shown, torch::tensor({-1.f, -.5f, 0.f, .5f, 1.f})));
  for (std::int64_t v = 0; v < 5; ++v) EXPECT_EQ(law.scaled(v), shown[v].item<float>());
}

TEST(PixelLaw, SharesArePickedByTheirSums) {
  const SoftmaxLaw law(1, 3);
  const auto shares = torch::tensor({.25, .5, .25}, torch::kDouble);
  const auto picked = law.picked_by(shares, torch::tensor({0.f, .24f, .25f, .74f, .75f, .99f}));
  EXPECT_TRUE(torch::equal(picked, torch::tensor({0.f, 0.f, 1.f, 1.f, 2.f, 2.f})));
}

}  // namespace
}  // namespace kiln
