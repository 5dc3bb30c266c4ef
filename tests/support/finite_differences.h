#pragma once

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <functional>

#include "kiln/core/tensor.h"

namespace kiln {

// (f(p + h) - f(p - h)) / 2h for every weight, h = 1e-6, float64: error about 1e-9.
inline void expect_gradients_match(torch::nn::Module& model, const std::function<Tensor()>& f) {
  auto parameters = model.parameters();
  const auto slopes = torch::autograd::grad({f()}, parameters);
  torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    auto flat = parameters[i].view(-1);
    for (std::int64_t j = 0; j < flat.numel(); ++j) {
      const auto centre = flat[j].item<double>();
      flat[j] = centre + 1e-6;
      const auto above = f().item<double>();
      flat[j] = centre - 1e-6;
      const auto below = f().item<double>();
      flat[j] = centre;
      const auto slope = slopes[i].reshape(-1)[j].item<double>();
      EXPECT_NEAR((above - below) / 2e-6, slope, 1e-6 * std::max(1.0, std::abs(slope)));
    }
  }
}

}  // namespace kiln
