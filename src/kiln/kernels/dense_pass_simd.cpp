#include "kiln/kernels/dense_pass_simd.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kiln/kernels/dense_pass_simd.cpp"
#include <hwy/foreach_target.h>
#include "kiln/kernels/simd_math-inl.h"
#include "kiln/kernels/simd_targets.h"

HWY_BEFORE_NAMESPACE();
namespace kiln::simd::HWY_NAMESPACE {
namespace {

// With e = exp(-2|a|): tanh |a| = (1 - e) / (1 + e).  Near 0 the difference has few digits, and the
// series a - a^3/3 + ... to a^11 takes over (truncation 1e-8).
HWY_INLINE Vec Tanh(Vec a) {
  const Vec size = hn::Abs(a), square = hn::Mul(a, a), one = Splat(1.0f);
  const Vec e = Exp2(Clamp(hn::Mul(size, Splat(-2 * kLog2E)), 126.0f));
  const Vec far = hn::Mul(hn::Sub(one, e), Reciprocal(hn::Add(one, e)));
  Vec near = Splat(-1382.0f / 155925);
  near = hn::MulAdd(near, square, Splat(62.0f / 2835));
  near = hn::MulAdd(near, square, Splat(-17.0f / 315));
  near = hn::MulAdd(near, square, Splat(2.0f / 15));
  near = hn::MulAdd(near, square, Splat(-1.0f / 3));
  near = hn::MulAdd(hn::Mul(near, square), a, a);
  return hn::IfThenElse(hn::Lt(size, Splat(0.35f)), near, hn::CopySign(far, a));
}

// Values that are no number pass every f: a comparison with them is false.
template <Activation kF>
HWY_INLINE Vec Activated(Vec a) {
  const Vec zero = hn::Zero(kTag);
  if constexpr (kF == Activation::none) return a;
  if constexpr (kF == Activation::relu) return hn::IfThenElse(hn::Le(a, zero), zero, a);
  if constexpr (kF == Activation::leaky_relu)
    return hn::IfThenElse(hn::Le(a, zero), hn::Mul(Splat(static_cast<float>(kLeakySlope)), a), a);
  if constexpr (kF == Activation::tanh) return Tanh(a);
}

// d times the slope of f where f(a) = y.
template <Activation kF>
HWY_INLINE Vec Lowered(Vec d, Vec y) {
  const Vec zero = hn::Zero(kTag);
  if constexpr (kF == Activation::none) return d;
  if constexpr (kF == Activation::relu) return hn::IfThenElse(hn::Le(y, zero), zero, d);
  if constexpr (kF == Activation::leaky_relu)
    return hn::IfThenElse(hn::Le(y, zero), hn::Mul(Splat(static_cast<float>(kLeakySlope)), d), d);
  if constexpr (kF == Activation::tanh) return hn::NegMulAdd(hn::Mul(y, y), d, d);
}

template <Activation kF>
void activate_rows(float* y, const float* bias, std::size_t columns, std::size_t first,
                   std::size_t last) {
  for (std::size_t r = first; r < last; ++r) {
    float* row = y + r * columns;
    std::size_t i = 0;
    for (; i + kLanes <= columns; i += kLanes)
      hn::StoreU(Activated<kF>(hn::Add(hn::LoadU(kTag, row + i), hn::LoadU(kTag, bias + i))), kTag,
                 row + i);
    if (i == columns) continue;
    const std::size_t left = columns - i;
    StoreFirst(Activated<kF>(hn::Add(LoadFirst(row + i, left), LoadFirst(bias + i, left))), row + i,
               left);
  }
}

// Four vectors of columns at a time, all rows of them: the sums stay in registers.
template <Activation kF>
void full_strip(const DenseGradient& g, std::size_t column) {
  const Vec zero = hn::Zero(kTag);
  Vec sum[4] = {zero, zero, zero, zero};
  for (std::size_t r = 0; r < g.rows; ++r) {
    const std::size_t start = r * g.columns + column;
    KILN_UNROLL for (std::size_t k = 0; k < 4; ++k) {
      const std::size_t at = start + k * kLanes;
      Vec d = hn::LoadU(kTag, g.upper + at);
      if constexpr (kF != Activation::none) {
        d = Lowered<kF>(d, hn::LoadU(kTag, g.y + at));
        hn::StoreU(d, kTag, g.lower + at);
      }
      sum[k] = hn::Add(sum[k], d);
    }
  }
  KILN_UNROLL for (std::size_t k = 0; k < 4; ++k)
      hn::StoreU(sum[k], kTag, g.bias + column + k * kLanes);
}

// `left` <= kLanes columns.
template <Activation kF>
void narrow_strip(const DenseGradient& g, std::size_t column, std::size_t left) {
  Vec sum = hn::Zero(kTag);
  for (std::size_t r = 0; r < g.rows; ++r) {
    const std::size_t at = r * g.columns + column;
    Vec d = LoadFirst(g.upper + at, left);
    if constexpr (kF != Activation::none) {
      d = Lowered<kF>(d, LoadFirst(g.y + at, left));
      StoreFirst(d, g.lower + at, left);
    }
    sum = hn::Add(sum, d);
  }
  StoreFirst(sum, g.bias + column, left);
}

template <Activation kF>
void lower_columns(const DenseGradient& g, std::size_t first, std::size_t last) {
  std::size_t column = first;
  for (; column + 4 * kLanes <= last; column += 4 * kLanes) full_strip<kF>(g, column);
  for (; column < last; column += kLanes)
    narrow_strip<kF>(g, column, std::min(kLanes, last - column));
}

void BiasAndActivation(Activation f, float* y, const float* bias, std::size_t columns,
                       std::size_t first, std::size_t last) {
  switch (f) {
    case Activation::none:
      return activate_rows<Activation::none>(y, bias, columns, first, last);
    case Activation::relu:
      return activate_rows<Activation::relu>(y, bias, columns, first, last);
    case Activation::leaky_relu:
      return activate_rows<Activation::leaky_relu>(y, bias, columns, first, last);
    case Activation::tanh:
      return activate_rows<Activation::tanh>(y, bias, columns, first, last);
  }
}

void ActivationGradient(Activation f, const DenseGradient& g, std::size_t first, std::size_t last) {
  switch (f) {
    case Activation::none:
      return lower_columns<Activation::none>(g, first, last);
    case Activation::relu:
      return lower_columns<Activation::relu>(g, first, last);
    case Activation::leaky_relu:
      return lower_columns<Activation::leaky_relu>(g, first, last);
    case Activation::tanh:
      return lower_columns<Activation::tanh>(g, first, last);
  }
}

}  // namespace
}  // namespace kiln::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kiln::simd {

HWY_EXPORT(BiasAndActivation);
HWY_EXPORT(ActivationGradient);

void bias_and_activation(Activation f, float* y, const float* bias, std::size_t columns,
                         std::size_t first, std::size_t last) {
  HWY_DYNAMIC_DISPATCH(BiasAndActivation)(f, y, bias, columns, first, last);
}

void activation_gradient(Activation f, const DenseGradient& gradient, std::size_t first,
                         std::size_t last) {
  HWY_DYNAMIC_DISPATCH(ActivationGradient)(f, gradient, first, last);
}

}  // namespace kiln::simd
#endif  // HWY_ONCE
