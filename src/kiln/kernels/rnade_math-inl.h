// What the passes of rnade_scan_simd.h share beyond simd_math-inl.h, under the same rules.
#if defined(KILN_RNADE_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KILN_RNADE_MATH_INL_H_
#undef KILN_RNADE_MATH_INL_H_
#else
#define KILN_RNADE_MATH_INL_H_
#endif

#include "kiln/kernels/simd_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace kiln::simd::HWY_NAMESPACE {

// log v for normal v > 0: v = 2^e m with m in [sqrt(1/2), sqrt(2)); log m = 2 artanh(s) with s =
// (m - 1) / (m + 1), |s| < 0.172, odd powers up to 9 (truncation 1e-9).  NaN stays NaN.
HWY_INLINE Vec Log(Vec v) {
  const hn::RebindToSigned<Tag> ints;
  constexpr std::int32_t kRootHalf = 0x3f3504f3;
  const auto bits = hn::BitCast(ints, v);
  const auto e = hn::ShiftRight<23>(hn::Sub(bits, hn::Set(ints, kRootHalf)));
  const Vec m = hn::BitCast(kTag, hn::Sub(bits, hn::ShiftLeft<23>(e)));
  const Vec one = Splat(1.0f);
  const Vec s = hn::Mul(hn::Sub(m, one), Reciprocal(hn::Add(m, one)));
  const Vec square = hn::Mul(s, s);
  Vec p = Splat(2.0f / 9);
  for (int k = 7; k >= 1; k -= 2) p = hn::MulAdd(p, square, Splat(2.0f / static_cast<float>(k)));
  const Vec log = hn::MulAdd(hn::ConvertTo(kTag, e), Splat(0.69314718056f), hn::Mul(p, s));
  return hn::IfThenElse(hn::Eq(v, v), log, v);
}

// exp(v), with the exponent kept where 2^t is finite.
HWY_INLINE Vec Exp(Vec v) { return Exp2(Clamp(hn::Mul(v, Splat(kLog2E)), 126.0f)); }

// h = f(psi).  NaN stays NaN: no comparison with it holds.
HWY_INLINE Vec Activate(Vec psi, bool sigmoid) {
  if (sigmoid) return SigmoidOfExponent(hn::Mul(psi, Splat(-kLog2E)));
  return hn::IfThenElse(hn::Lt(psi, hn::Zero(kTag)), hn::Zero(kTag), psi);
}

}  // namespace kiln::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
