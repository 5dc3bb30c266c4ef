#pragma once

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "kiln/core/tensor.h"

namespace kiln {

/// Every state of `dims` bits, [2^dims, dims].
inline Tensor all_states(std::int64_t dims) {
  const auto number = torch::arange(std::int64_t{1} << dims).unsqueeze(1);
  return torch::bitwise_and(torch::bitwise_right_shift(number, torch::arange(dims)), 1)
      .to(torch::kFloat32);
}

/// Row of all_states that each row of x is.
inline Tensor state_number(const Tensor& x) {
  const auto bits = x.reshape({x.size(0), -1}).to(torch::kInt64);
  return torch::bitwise_left_shift(bits, torch::arange(bits.size(1))).sum(1);
}

/// Pearson's statistic of counts against probabilities, in standard deviations above its mean.
inline double chi_square_excess(const Tensor& states, const Tensor& probs) {
  const auto n = static_cast<double>(states.size(0));
  const auto counts = torch::bincount(states, {}, probs.size(0)).to(torch::kDouble);
  const auto expected = probs.to(torch::kDouble) * n;
  EXPECT_GT(expected.min().item<double>(), 5) << "too few draws for the statistic's law";
  const auto chi2 = ((counts - expected).square() / expected).sum().item<double>();
  const auto freedom = static_cast<double>(probs.size(0) - 1);
  return (chi2 - freedom) / std::sqrt(2 * freedom);
}

}  // namespace kiln
