#pragma once

#include <cstddef>

#include "kiln/kernels/activation.h"

namespace kiln::simd {

/// y[r, i] = f(y[r, i] + bias[i]) in place for the rows in [first, last); tanh to 3e-7.
void bias_and_activation(Activation f, float* y, const float* bias, std::size_t columns,
                         std::size_t first, std::size_t last);

/// What the gradient of such a layer is made of.  All matrices are [rows, columns].
struct DenseGradient {
  std::size_t rows, columns;
  const float* upper;  ///< Gradient with respect to y.
  const float* y;      ///< What the layer gave; it tells the slope of f.
  float* lower;        ///< Gradient with respect to a, where y = f(a); unused where f(a) = a.
  float* bias;         ///< [columns]: its column sums, rows added in their order.
};

/// The columns in [first, last); `first` a multiple of kColumnUnit.
void activation_gradient(Activation f, const DenseGradient& gradient, std::size_t first,
                         std::size_t last);

inline constexpr std::size_t kColumnUnit = 64;

}  // namespace kiln::simd
