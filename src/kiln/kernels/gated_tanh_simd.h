#pragma once

#include <cstddef>

namespace kiln::simd {

/// out = tanh(a) sigmoid(b), `count` numbers.
void gated_tanh(const float* a, const float* b, std::size_t count, float* out);

/// d_a = d_out sigmoid(b) (1 - tanh^2 a),   d_b = d_out tanh(a) sigmoid(b) (1 - sigmoid(b)).
struct GatedTanhGradient {
  const float *a, *b, *d_out;
  float *d_a, *d_b;
};
void gated_tanh_gradient(const GatedTanhGradient& gradient, std::size_t count);

}  // namespace kiln::simd
