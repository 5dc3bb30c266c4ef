#include "kiln/nn/picture_skip.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/nn/residual_generator.h"
#include "kiln/nn/unet.h"

namespace kiln {
namespace {

// tanh(y + atanh(u)) = (t + u) / (1 + t u) with t = tanh(y).
TEST(PictureSkip, IsTheAdditionTheorem) {
  const auto x = torch::linspace(-1, 1, 41, torch::kFloat64);
  const auto y = torch::linspace(-3, 4, 41, torch::kFloat64).flip(0);
  const auto t = y.tanh(), u = .98 * x;
  EXPECT_TRUE(torch::allclose(with_picture(y, x), (t + u) / (1 + t * u), 1e-12, 1e-12));
  EXPECT_TRUE(torch::allclose(with_picture(torch::zeros_like(x), x), u, 1e-12, 1e-12));
}

TEST(PictureSkip, StaysWithinTheRangeWithSlopesAtItsEnds) {
  auto x = torch::tensor({-1., 1.}, torch::kFloat64).requires_grad_();
  const auto y = with_picture(torch::tensor({-9., 9.}, torch::kFloat64), x);
  EXPECT_LE(y.abs().max().item<double>(), 1);
  EXPECT_TRUE(torch::autograd::grad({y.sum()}, {x})[0].isfinite().all().item<bool>());
}

// Networks that say nothing leave the picture, of any size.
TEST(PictureSkip, ANetworkOfZerosLeavesThePicture) {
  torch::NoGradGuard no_grad;
  const auto x = torch::rand({2, 1, 19, 18}) * 2 - 1;
  ResidualGenerator residual(
      ResidualGeneratorOptions{.in = 1, .out = 1, .filters = 2, .blocks = 1, .skip = true});
  Unet unet(
      UnetOptions{.in = 1, .out = 1, .filters = 2, .halvings = 2, .dropout = 0, .skip = true});
  for (auto& p : residual->parameters()) p.zero_();
  for (auto& p : unet->parameters()) p.zero_();
  EXPECT_TRUE(torch::allclose(residual->forward(x), .98 * x, 1e-5, 1e-6));
  EXPECT_TRUE(torch::allclose(unet->forward(x, nullptr), .98 * x, 1e-5, 1e-6));
}

}  // namespace
}  // namespace kiln
