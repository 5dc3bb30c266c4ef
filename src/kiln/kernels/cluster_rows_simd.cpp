#include "kiln/kernels/cluster_rows_simd.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "kiln/kernels/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kiln/kernels/cluster_rows_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace kiln::simd::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Tag = hn::ScalableTag<double>;
using Doubles = hn::Vec<Tag>;
constexpr Tag kDouble;
constexpr std::size_t kWidth = hn::MaxLanes(kDouble);
constexpr std::size_t kTogether = 4;  // centres: a row's numbers are loaded once for them

HWY_INLINE void Widen(const float* from, std::size_t dims, double* to) {
  for (std::size_t d = 0; d < dims; ++d) to[d] = static_cast<double>(from[d]);
}

HWY_INLINE double Sum(Doubles v) { return hn::GetLane(hn::SumOfLanes(kDouble, v)); }

// |x - c|^2 of kTogether centres that lie `stride` apart.
HWY_INLINE void Distances(const double* x, const double* c, std::size_t stride, double* squares) {
  Doubles sums[kTogether];
  for (auto& sum : sums) sum = hn::Zero(kDouble);
  for (std::size_t d = 0; d < stride; d += kWidth) {
    const auto v = hn::LoadU(kDouble, x + d);
    for (std::size_t k = 0; k < kTogether; ++k) {
      const auto gap = hn::Sub(v, hn::LoadU(kDouble, c + k * stride + d));
      sums[k] = hn::MulAdd(gap, gap, sums[k]);
    }
  }
  for (std::size_t k = 0; k < kTogether; ++k) squares[k] = Sum(sums[k]);
}

HWY_INLINE double Distance(const double* x, const double* c, std::size_t stride) {
  auto sum = hn::Zero(kDouble);
  for (std::size_t d = 0; d < stride; d += kWidth) {
    const auto gap = hn::Sub(hn::LoadU(kDouble, x + d), hn::LoadU(kDouble, c + d));
    sum = hn::MulAdd(gap, gap, sum);
  }
  return Sum(sum);
}

void Nearest(const ClusterRows& rows, std::size_t first, std::size_t last, std::int64_t* index,
             double* distance) {
  std::vector<double> wide(rows.stride);
  for (std::size_t r = first; r < last; ++r) {
    Widen(rows.x + r * rows.dims, rows.dims, wide.data());
    std::size_t best = 0, k = 0;
    double least = std::numeric_limits<double>::infinity();
    const auto offer = [&](std::size_t centre, double square) {
      if (square < least) least = square, best = centre;
    };
    for (; k + kTogether <= rows.clusters; k += kTogether) {
      double squares[kTogether];
      Distances(wide.data(), rows.centres + k * rows.stride, rows.stride, squares);
      for (std::size_t i = 0; i < kTogether; ++i) offer(k + i, squares[i]);
    }
    for (; k < rows.clusters; ++k)
      offer(k, Distance(wide.data(), rows.centres + k * rows.stride, rows.stride));
    index[r] = static_cast<std::int64_t>(best);
    distance[r] = least;
  }
}

void AddRows(const ClusterRows& rows, std::size_t count, const std::int64_t* index,
             std::size_t first, std::size_t last, double* sums) {
  for (std::size_t r = 0; r < count; ++r) {
    const auto at = static_cast<std::size_t>(index[r]) * rows.stride;
    const float* x = rows.x + r * rows.dims;
    const double* c = rows.centres + at;
    double* to = sums + at;
    for (std::size_t d = first; d < last; ++d) to[d] += static_cast<double>(x[d]) - c[d];
  }
}

}  // namespace
}  // namespace kiln::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kiln::simd {

HWY_EXPORT(Nearest);
HWY_EXPORT(AddRows);

std::size_t cluster_rows_stride(std::size_t dims) {
  constexpr std::size_t kWidest = 8;  // doubles of AVX-512
  return (dims + kWidest - 1) / kWidest * kWidest;
}

void nearest_rows(const ClusterRows& rows, std::size_t first, std::size_t last, std::int64_t* index,
                  double* distance) {
  HWY_DYNAMIC_DISPATCH(Nearest)(rows, first, last, index, distance);
}

void add_rows(const ClusterRows& rows, std::size_t count, const std::int64_t* index,
              std::size_t first, std::size_t last, double* sums) {
  HWY_DYNAMIC_DISPATCH(AddRows)(rows, count, index, first, last, sums);
}

}  // namespace kiln::simd
#endif  // HWY_ONCE
