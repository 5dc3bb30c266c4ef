// Functions of gates, compiled once per instruction set: include this file as simd_math-inl.h is.
#if defined(KILN_GATES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KILN_GATES_INL_H_
#undef KILN_GATES_INL_H_
#else
#define KILN_GATES_INL_H_
#endif

#include "kiln/kernels/simd_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace kiln::simd::HWY_NAMESPACE {

HWY_INLINE Vec Sigmoid(Vec a) { return SigmoidOfExponent(hn::Mul(a, Splat(-kLog2E))); }

// tanh(a) = 2 sigmoid(2 a) - 1.
HWY_INLINE Vec Tanh(Vec a) {
  return hn::MulSub(Splat(2.0f), SigmoidOfExponent(hn::Mul(a, Splat(-2 * kLog2E))), Splat(1.0f));
}

}  // namespace kiln::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
