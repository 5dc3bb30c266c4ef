#pragma once

#include "kiln/core/tensor.h"

namespace kiln {

// Passes over rows that a leaky ReLU network's derivatives by hand are made of.  Contiguous
// matrices [N, H]; f is the leaky ReLU, F its slope: 1 above 0, `slope` elsewhere.  float32 on the
// CPU runs one pass of vector code, whose bits do not depend on the number of threads; anything
// else runs LibTorch's operations.  Without gradient.

/// f(a + bias), in place.  a [N, H], bias [H].
void leaky_rows(const Tensor& a, const Tensor& bias, double slope);

/// f(a + bias) w, [N]; then a is F(a + bias), in place.  a [N, H]; bias and w [H].
Tensor leaky_dots(const Tensor& a, const Tensor& bias, const Tensor& w, double slope);

/// F(below) * (by_x x + by_y y + bias).  Undefined: `below` 1 instead of F, by_* 1, y and bias 0.
struct RowSum {
  Tensor x, by_x = {};  ///< [N, H] and [N].
  Tensor y = {}, by_y = {};
  Tensor bias = {};   ///< [H].
  Tensor below = {};  ///< [N, H].
};
Tensor row_sum(const RowSum& sum, double slope);
void row_sum_into(const Tensor& to, const RowSum& sum, double slope);  ///< `to` may be x or y.

/// The sums over columns of a b + c d, [N].  a, b, c, d [N, H]; c and d may be undefined.
Tensor row_dots(const Tensor& a, const Tensor& b, const Tensor& c = {}, const Tensor& d = {});

}  // namespace kiln
