// Vector functions for the kernels, compiled once per instruction set: include this file only from
// files named *_simd.cpp, after hwy/foreach_target.h.
#if defined(KILN_SIMD_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KILN_SIMD_MATH_INL_H_
#undef KILN_SIMD_MATH_INL_H_
#else
#define KILN_SIMD_MATH_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstring>

// For loops over arrays of vectors that must become registers.
#define KILN_UNROLL _Pragma("GCC unroll 32")

HWY_BEFORE_NAMESPACE();
namespace kiln::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<float>;
using Vec = hn::Vec<Tag>;

inline constexpr Tag kTag;
inline constexpr std::size_t kLanes = HWY_LANES(float);
inline constexpr float kLog2E = 1.44269504088896341f;
static_assert(kLanes == 1 || kLanes == 4 || kLanes == 8 || kLanes == 16);

HWY_INLINE Vec Splat(float value) { return hn::Set(kTag, value); }

// 2^t for |t| <= 126, relative error below 2e-7: t = n + r with n the nearest integer; 2^r by a
// polynomial whose relative error on [-1/2, 1/2] is the least possible (7.5e-8); n is added to the
// exponent.  Adding 1.5 * 2^23 rounds t and leaves n in the lowest bits.
HWY_INLINE Vec Exp2(Vec t) {
  const hn::RebindToUnsigned<Tag> bits;
  const Vec shift = Splat(0x1.8p23f);
  const Vec shifted = hn::Add(t, shift);
  const Vec r = hn::Sub(t, hn::Sub(shifted, shift));
  Vec p = Splat(1.327647245e-3f);
  p = hn::MulAdd(p, r, Splat(9.675540961e-3f));
  p = hn::MulAdd(p, r, Splat(5.550713092e-2f));
  p = hn::MulAdd(p, r, Splat(2.402212024e-1f));
  p = hn::MulAdd(p, r, Splat(6.931469440e-1f));
  p = hn::MulAdd(p, r, Splat(1.000000119f));
  const auto exponent = hn::ShiftLeft<23>(hn::BitCast(bits, shifted));
  return hn::BitCast(kTag, hn::Add(hn::BitCast(bits, p), exponent));
}

// A NaN weight must show in the loss, so NaN stays NaN: on x86 Min and Max hand on their second
// argument then; Highway's scalar ones would hand on the bound.
HWY_INLINE Vec Clamp(Vec t, float bound) {
#if HWY_TARGET == HWY_SCALAR
  return t.raw > bound ? Splat(bound) : t.raw < -bound ? Splat(-bound) : t;
#else
  return hn::Min(Splat(bound), hn::Max(Splat(-bound), t));
#endif
}

// 1 / d for 1 <= d <= 2^126 + 1: the approximation and one Newton step.
HWY_INLINE Vec Reciprocal(Vec d) {
  const Vec y = hn::ApproximateReciprocal(d);
  return hn::Mul(y, hn::NegMulAdd(d, y, Splat(2.0f)));
}

// sigmoid(a) from t = -a * log2(e); finite for every finite t.
HWY_INLINE Vec SigmoidOfExponent(Vec t) {
  return Reciprocal(hn::Add(Splat(1.0f), Exp2(Clamp(t, 126.0f))));
}

// log(1 + e) for 0 <= e <= 1: 2 artanh(s) with s = e / (2 + e) <= 1/3, odd powers up to 15
// (truncation 1e-9).
HWY_INLINE Vec Log1pOfUnit(Vec e) {
  const Vec s = hn::Mul(e, Reciprocal(hn::Add(e, Splat(2.0f))));
  const Vec square = hn::Mul(s, s);
  Vec p = Splat(2.0f / 15);
  for (int k = 13; k >= 1; k -= 2) p = hn::MulAdd(p, square, Splat(2.0f / static_cast<float>(k)));
  return hn::Mul(p, s);
}

// Lane j of the result is the sum of the lanes of v[j], for kLanes vectors.
HWY_INLINE Vec SumEach(const Vec* v) {
#if HWY_TARGET == HWY_SCALAR
  return v[0];
#else
  const hn::RepartitionToWide<Tag> pairs;
  constexpr std::size_t kQuads = kLanes / 4;
  Vec quad[kQuads];  // block k of quad[q]: what block k of v[4q .. 4q+3] adds to their sums
  KILN_UNROLL for (std::size_t q = 0; q < kQuads; ++q) {
    const Vec* r = v + 4 * q;
    const Vec low =
        hn::Add(hn::InterleaveLower(kTag, r[0], r[1]), hn::InterleaveUpper(kTag, r[0], r[1]));
    const Vec high =
        hn::Add(hn::InterleaveLower(kTag, r[2], r[3]), hn::InterleaveUpper(kTag, r[2], r[3]));
    const auto l = hn::BitCast(pairs, low), h = hn::BitCast(pairs, high);
    quad[q] = hn::Add(hn::BitCast(kTag, hn::InterleaveLower(pairs, l, h)),
                      hn::BitCast(kTag, hn::InterleaveUpper(pairs, l, h)));
  }
#if HWY_MAX_BYTES == 16
  return quad[0];
#elif HWY_MAX_BYTES == 32
  return hn::Add(hn::ConcatLowerLower(kTag, quad[1], quad[0]),
                 hn::ConcatUpperUpper(kTag, quad[1], quad[0]));
#else
  const Vec even = hn::Add(hn::ConcatLowerLower(kTag, quad[2], quad[0]),
                           hn::ConcatUpperUpper(kTag, quad[2], quad[0]));
  const Vec odd = hn::Add(hn::ConcatLowerLower(kTag, quad[3], quad[1]),
                          hn::ConcatUpperUpper(kTag, quad[3], quad[1]));
  return hn::OddEvenBlocks(hn::Add(odd, hn::SwapAdjacentBlocks(odd)),
                           hn::Add(even, hn::SwapAdjacentBlocks(even)));
#endif
#endif
}

// The first `count` <= kLanes numbers at p, then zeros; reads no further.
HWY_INLINE Vec LoadFirst(const float* p, std::size_t count) {
#if HWY_MAX_BYTES >= 32
  return hn::MaskedLoad(hn::FirstN(kTag, count), kTag, p);
#else
  HWY_ALIGN float copy[kLanes] = {};
  std::memcpy(copy, p, count * sizeof(float));
  return hn::Load(kTag, copy);
#endif
}

// Writes the first `count` <= kLanes numbers to p and no further.
HWY_INLINE void StoreFirst(Vec v, float* p, std::size_t count) {
#if HWY_MAX_BYTES >= 32
  hn::BlendedStore(v, hn::FirstN(kTag, count), kTag, p);
#else
  HWY_ALIGN float copy[kLanes];
  hn::Store(v, kTag, copy);
  std::memcpy(p, copy, count * sizeof(float));
#endif
}

}  // namespace kiln::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
