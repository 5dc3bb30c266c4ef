#include "kiln/kernels/degree_mask_simd.h"

#include "kiln/kernels/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kiln/kernels/degree_mask_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace kiln::simd::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

void KeepByDegree(const float* weights, const std::int32_t* limits, const std::int32_t* inputs,
                  std::size_t columns, std::size_t first, std::size_t last, float* kept) {
  const hn::ScalableTag<float> values;
  const hn::ScalableTag<std::int32_t> degrees;
  const std::size_t lanes = hn::Lanes(values), whole = columns - columns % lanes;
  for (std::size_t r = first; r < last; ++r) {
    const auto limit = hn::Set(degrees, limits[r]);
    const float* from = weights + r * columns;
    float* to = kept + r * columns;
    for (std::size_t k = 0; k < whole; k += lanes) {
      const auto hidden = hn::RebindMask(values, hn::Gt(hn::LoadU(degrees, inputs + k), limit));
      hn::StoreU(hn::IfThenZeroElse(hidden, hn::LoadU(values, from + k)), values, to + k);
    }
    for (std::size_t k = whole; k < columns; ++k) to[k] = inputs[k] <= limits[r] ? from[k] : 0;
  }
}

}  // namespace
}  // namespace kiln::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kiln::simd {

HWY_EXPORT(KeepByDegree);

void keep_by_degree(const float* weights, const std::int32_t* limits, const std::int32_t* inputs,
                    std::size_t columns, std::size_t first, std::size_t last, float* kept) {
  HWY_DYNAMIC_DISPATCH(KeepByDegree)(weights, limits, inputs, columns, first, last, kept);
}

}  // namespace kiln::simd
#endif  // HWY_ONCE
