#pragma once

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

namespace kiln {

/// The gain of weights that started orthogonal: rows or columns, whichever are fewer, stand at
/// right angles and are each as long as the gain.  weight [out, ...].
inline double gain_of(const torch::Tensor& weight) {
  const auto matrix = weight.detach().flatten(1);
  const auto w = matrix.size(0) > matrix.size(1) ? matrix.t() : matrix;
  const auto products = w.mm(w.t());
  const double squared = products.diagonal().mean().item<double>();
  const auto off = products - squared * torch::eye(w.size(0));
  EXPECT_LT(off.abs().max().item<double>(), 1e-5);
  return std::sqrt(squared);
}

}  // namespace kiln
