#include "kiln/kernels/gated_tanh_simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kiln/kernels/gated_tanh_simd.cpp"
#include <hwy/foreach_target.h>
#include "kiln/kernels/gates-inl.h"
#include "kiln/kernels/simd_targets.h"

HWY_BEFORE_NAMESPACE();
namespace kiln::simd::HWY_NAMESPACE {
namespace {

void Forward(const float* a, const float* b, std::size_t count, float* out) {
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    hn::StoreU(hn::Mul(Tanh(hn::LoadU(kTag, a + i)), Sigmoid(hn::LoadU(kTag, b + i))), kTag,
               out + i);
  if (i < count)
    StoreFirst(hn::Mul(Tanh(LoadFirst(a + i, count - i)), Sigmoid(LoadFirst(b + i, count - i))),
               out + i, count - i);
}

struct Slopes {
  Vec a, b;
};

HWY_INLINE Slopes SlopesAt(Vec a, Vec b, Vec d_out) {
  const Vec t = Tanh(a), s = Sigmoid(b), pulled = hn::Mul(d_out, s);
  return {hn::NegMulAdd(hn::Mul(pulled, t), t, pulled),
          hn::Mul(hn::Mul(pulled, t), hn::Sub(Splat(1.0f), s))};
}

void Backward(const GatedTanhGradient& g, std::size_t count) {
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const auto slopes =
        SlopesAt(hn::LoadU(kTag, g.a + i), hn::LoadU(kTag, g.b + i), hn::LoadU(kTag, g.d_out + i));
    hn::StoreU(slopes.a, kTag, g.d_a + i);
    hn::StoreU(slopes.b, kTag, g.d_b + i);
  }
  if (i == count) return;
  const std::size_t left = count - i;
  const auto slopes =
      SlopesAt(LoadFirst(g.a + i, left), LoadFirst(g.b + i, left), LoadFirst(g.d_out + i, left));
  StoreFirst(slopes.a, g.d_a + i, left);
  StoreFirst(slopes.b, g.d_b + i, left);
}

}  // namespace
}  // namespace kiln::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kiln::simd {

HWY_EXPORT(Forward);
HWY_EXPORT(Backward);

void gated_tanh(const float* a, const float* b, std::size_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(Forward)(a, b, count, out);
}

void gated_tanh_gradient(const GatedTanhGradient& gradient, std::size_t count) {
  HWY_DYNAMIC_DISPATCH(Backward)(gradient, count);
}

}  // namespace kiln::simd
#endif  // HWY_ONCE
