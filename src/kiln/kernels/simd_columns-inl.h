// A block of columns, compiled once per instruction set: include this file as simd_math-inl.h is.
#if defined(KILN_SIMD_COLUMNS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KILN_SIMD_COLUMNS_INL_H_
#undef KILN_SIMD_COLUMNS_INL_H_
#else
#define KILN_SIMD_COLUMNS_INL_H_
#endif

#include "kiln/kernels/simd_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace kiln::simd::HWY_NAMESPACE {

// Where a block of hidden units lies in a row of W, V, dW or dV; only the last block of an odd
// hidden size is not whole.
template <bool kWhole>
struct Columns {
  std::size_t first, count;
  HWY_INLINE Vec load(const float* row, std::size_t z) const {
    const float* p = row + first + z * kLanes;
    return kWhole ? hn::LoadU(kTag, p) : LoadFirst(p, lanes_of(z));
  }
  HWY_INLINE void store(Vec v, float* row, std::size_t z) const {
    float* p = row + first + z * kLanes;
    kWhole ? hn::StoreU(v, kTag, p) : StoreFirst(v, p, lanes_of(z));
  }
  std::size_t lanes_of(std::size_t z) const {
    return count > z * kLanes ? HWY_MIN(count - z * kLanes, kLanes) : 0;
  }
};

}  // namespace kiln::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KILN_SIMD_COLUMNS_INL_H_
