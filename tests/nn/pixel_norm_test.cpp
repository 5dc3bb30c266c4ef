#include "kiln/nn/pixel_norm.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/core/rng.h"

namespace kiln {
namespace {

TEST(PixelNorm, MakesTheMeanSquareOverMapsOne) {
  Rng rng(4);
  const auto a = 3 * rng.normal({2, 5, 3, 3}).to(torch::kDouble);
  const auto b = pixel_norm(a);
  EXPECT_LT((b.square().mean(1) - 1).abs().max().item<double>(), 1e-6);
  EXPECT_TRUE(torch::allclose(
      b[1].select(1, 2).select(1, 0),
      a[1].select(1, 2).select(1, 0) / a[1].select(1, 2).select(1, 0).square().mean().sqrt(), 1e-6,
      0));
  EXPECT_EQ(pixel_norm(torch::zeros({1, 4})).abs().max().item<float>(), 0);
}

}  // namespace
}  // namespace kiln
