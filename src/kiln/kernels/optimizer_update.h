#pragma once

#include <cstddef>

/// One optimiser update over memory, in vectors: the plain loop leaves most of the memory's
/// bandwidth unused, because a square root and a division per number keep few cache lines in
/// flight.  Every operation is rounded as in plain code, so the bits equal the plain loop's.
namespace kiln::simd {

/// Constants of one update; see Optimizer for the equations.
struct UpdateRule {
  float beta1, beta2, epsilon, momentum, decay, rate, correction;
};

/// What an update moves.  `shared`: several threads have read the values since the last update.
struct Parameters {
  float* values;
  bool shared;
};

/// n parameters p with their gradients; m and v are the first and second moments.
void adam_update(const UpdateRule& rule, const Parameters& p, const float* gradient, float* m,
                 float* v, std::size_t n);
void sgd_update(const UpdateRule& rule, const Parameters& p, const float* gradient, float* m,
                std::size_t n);
void rmsprop_update(const UpdateRule& rule, const Parameters& p, const float* gradient, float* v,
                    std::size_t n);

}  // namespace kiln::simd
