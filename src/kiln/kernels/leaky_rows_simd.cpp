#include "kiln/kernels/leaky_rows_simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kiln/kernels/leaky_rows_simd.cpp"
#include <hwy/foreach_target.h>
#include "kiln/kernels/simd_math-inl.h"
#include "kiln/kernels/simd_targets.h"

HWY_BEFORE_NAMESPACE();
namespace kiln::simd::HWY_NAMESPACE {
namespace {

// A vector of a row, or the `count` numbers that are left of it.
struct Whole {
  HWY_INLINE Vec load(const float* p) const { return hn::LoadU(kTag, p); }
  HWY_INLINE void store(Vec v, float* p) const { hn::StoreU(v, kTag, p); }
};
struct Rest {
  std::size_t count;
  HWY_INLINE Vec load(const float* p) const { return LoadFirst(p, count); }
  HWY_INLINE void store(Vec v, float* p) const { StoreFirst(v, p, count); }
};

// `work` for every vector of a row: where it starts and how it is read and written.
template <class Work>
HWY_INLINE void each_vector(std::size_t columns, Work& work) {
  std::size_t j = 0;
  for (; j + kLanes <= columns; j += kLanes) work(j, Whole{});
  if (j < columns) work(j, Rest{columns - j});
}

HWY_INLINE Vec Lowered(Vec v, Vec at, float slope) {
  return hn::IfThenElse(hn::Gt(at, hn::Zero(kTag)), v, hn::Mul(Splat(slope), v));
}

struct SumOfRow {
  const RowSum& s;
  std::size_t start;
  Vec by_x, by_y;
  template <class Part>
  HWY_INLINE void operator()(std::size_t j, Part part) {
    const std::size_t at = start + j;
    Vec v = hn::Mul(by_x, part.load(s.x + at));
    if (s.y) v = hn::MulAdd(by_y, part.load(s.y + at), v);
    if (s.bias) v = hn::Add(v, part.load(s.bias + j));
    if (s.below) v = Lowered(v, part.load(s.below + at), s.slope);
    part.store(v, s.to + at);
  }
};

void SumRows(const RowSum& s, std::size_t first, std::size_t last) {
  for (std::size_t r = first; r < last; ++r) {
    SumOfRow row{s, r * s.columns, Splat(s.by_x ? s.by_x[r] : 1), Splat(s.by_y ? s.by_y[r] : 1)};
    each_vector(s.columns, row);
  }
}

// Two sums, so that one addition need not wait for the other.
struct DotOfRow {
  const RowDots& s;
  std::size_t start;
  Vec one, other;
  template <class Part>
  HWY_INLINE void operator()(std::size_t j, Part part) {
    const std::size_t at = start + j;
    one = hn::MulAdd(part.load(s.a + at), part.load(s.b + at), one);
    if (s.c) other = hn::MulAdd(part.load(s.c + at), part.load(s.d + at), other);
  }
};

void DotRows(const RowDots& s, std::size_t first, std::size_t last) {
  for (std::size_t r = first; r < last; ++r) {
    DotOfRow row{s, r * s.columns, hn::Zero(kTag), hn::Zero(kTag)};
    each_vector(s.columns, row);
    s.dot[r] = hn::GetLane(hn::SumOfLanes(kTag, hn::Add(row.one, row.other)));
  }
}

struct LeakyRow {
  const LeakyRows& s;
  float* a;
  template <class Part>
  HWY_INLINE void operator()(std::size_t j, Part part) {
    const Vec sum = hn::Add(part.load(a + j), part.load(s.bias + j));
    part.store(Lowered(sum, sum, s.slope), a + j);
  }
};

void Leaky(const LeakyRows& s, std::size_t first, std::size_t last) {
  for (std::size_t r = first; r < last; ++r) {
    LeakyRow row{s, s.a + r * s.columns};
    each_vector(s.columns, row);
  }
}

struct LeakyDot {
  const LeakyRows& s;
  float* a;
  const float* w;
  Vec dot;
  template <class Part>
  HWY_INLINE void operator()(std::size_t j, Part part) {
    const Vec sum = hn::Add(part.load(a + j), part.load(s.bias + j));
    const Vec slope = Lowered(Splat(1), sum, s.slope);
    dot = hn::MulAdd(hn::Mul(slope, sum), part.load(w + j), dot);
    part.store(slope, a + j);
  }
};

void LeakyWithDots(const LeakyRows& s, const float* w, float* dot, std::size_t first,
                   std::size_t last) {
  for (std::size_t r = first; r < last; ++r) {
    LeakyDot row{s, s.a + r * s.columns, w, hn::Zero(kTag)};
    each_vector(s.columns, row);
    dot[r] = hn::GetLane(hn::SumOfLanes(kTag, row.dot));
  }
}

}  // namespace
}  // namespace kiln::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kiln::simd {

HWY_EXPORT(SumRows);
HWY_EXPORT(DotRows);
HWY_EXPORT(Leaky);
HWY_EXPORT(LeakyWithDots);

void row_sum(const RowSum& sum, std::size_t first, std::size_t last) {
  HWY_DYNAMIC_DISPATCH(SumRows)(sum, first, last);
}

void row_dots(const RowDots& dots, std::size_t first, std::size_t last) {
  HWY_DYNAMIC_DISPATCH(DotRows)(dots, first, last);
}

void leaky_rows(const LeakyRows& rows, std::size_t first, std::size_t last) {
  HWY_DYNAMIC_DISPATCH(Leaky)(rows, first, last);
}

void leaky_dots(const LeakyRows& rows, const float* w, float* dot, std::size_t first,
                std::size_t last) {
  HWY_DYNAMIC_DISPATCH(LeakyWithDots)(rows, w, dot, first, last);
}

}  // namespace kiln::simd
#endif  // HWY_ONCE
