#include "kiln/kernels/convolution.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/nn/modules/conv.h>
#include <torch/types.h>

#include <limits>

#include "kiln/core/rng.h"
#include "kiln/nn/conv2d.h"
#include "kiln/nn/transposed_conv.h"

namespace kiln {
namespace {

using torch::autograd::grad;
using Tensors = std::vector<Tensor>;

// Memory that is handed out next and not written shows as NaN.
void spoil_memory() {
  Tensors held;
  for (const std::int64_t numbers : {100, 640, 1000, 2048, 5000, 10000})
    for (int i = 0; i < 10; ++i)
      held.push_back(torch::full({numbers}, std::numeric_limits<float>::quiet_NaN()));
}

// Outputs, first and second derivatives of `convolve`.
template <class Convolve>
Tensors everything(const Tensors& drawn, torch::ScalarType type, const Convolve& convolve) {
  Tensors in;
  for (const auto& t : drawn) in.push_back(t.to(type).clone().set_requires_grad(true));
  spoil_memory();
  const auto y = convolve(in[0], in[1]);
  Tensors all{y};
  for (const auto& g : grad({torch::sin(.05 * y).sum()}, in, {}, true, true)) all.push_back(g);
  spoil_memory();
  for (const auto& g : grad({all[1].square().sum() + all[2].square().sum()}, in)) all.push_back(g);
  return all;
}

template <class Convolve>
void expect_sound(const Tensors& drawn, const std::string& what, const Convolve& convolve) {
  const Tensors got = everything(drawn, torch::kFloat32, convolve);
  const Tensors exact = everything(drawn, torch::kFloat64, convolve);
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_LT(((got[i] - exact[i]).abs().max() / exact[i].abs().max()).item<double>(), 1e-4)
        << what << ", result " << i;
}

TEST(Convolution2d, WhatIsUsedHolds) {
  onednn_convolutions_hold();  // switches off what does not
  EXPECT_TRUE(convolutions_hold());
}

// LibTorch 2.6 on Debian 13 leaves parts of such gradients unwritten.
TEST(Convolution2d, GradientsHoldForAnyNumberOfOutputs) {
  Rng rng(3);
  for (const std::int64_t out : {1, 3, 8, 12, 16, 17, 40})
    for (const std::int64_t kernel : {1, 3, 4}) {
      const Tensors drawn{rng.normal({2, 5, 8, 8}), rng.normal({out, 5, kernel, kernel})};
      for (const std::int64_t stride : {1, 2})
        expect_sound(drawn, fmt::format("{} outputs, {} wide", out, kernel),
                     [&](const Tensor& x, const Tensor& w) {
                       return convolution2d(x, w, {}, stride, kernel / 2);
                     });
    }
}

TEST(Convolution2d, TransposedOnesHoldForAnyNumberOfInputs) {
  Rng rng(4);
  for (const std::int64_t in : {1, 6, 16, 20}) {
    const Tensors drawn{rng.normal({2, in, 5, 5}), rng.normal({in, 7, 4, 4})};
    expect_sound(drawn, fmt::format("{} inputs", in),
                 [](const Tensor& x, const Tensor& w) { return transposed_conv2d(x, w, 2, 1); });
  }
}

TEST(Convolution2d, TheModuleBeginsAsPyTorchsAndComputesTheSame) {
  const auto x = Rng(5).normal({2, 3, 9, 7});
  for (const bool bias : {true, false}) {
    torch::manual_seed(6);
    Conv2d ours(
        Conv2dOptions{.in = 3, .out = 5, .kernel = 4, .stride = 2, .padding = 1, .bias = bias});
    torch::manual_seed(6);
    torch::nn::Conv2d theirs(torch::nn::Conv2dOptions(3, 5, 4).stride(2).padding(1).bias(bias));
    EXPECT_TRUE(torch::equal(ours->weight, theirs->weight));
    EXPECT_EQ(ours->named_parameters().keys(), theirs->named_parameters().keys());
    EXPECT_TRUE(torch::allclose(ours->forward(x), theirs->forward(x), 1e-6, 1e-6));
  }
}

}  // namespace
}  // namespace kiln
