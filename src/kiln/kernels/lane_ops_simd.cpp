#include "kiln/kernels/lane_ops_simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kiln/kernels/lane_ops_simd.cpp"
#include <hwy/foreach_target.h>
#include "kiln/kernels/gates-inl.h"
#include "kiln/kernels/simd_targets.h"

HWY_BEFORE_NAMESPACE();
namespace kiln::simd::HWY_NAMESPACE {
namespace {

constexpr std::size_t kWidth = kLanes == 16 ? 8 : 4;  // outputs whose sums stay in registers

// kWidth outputs, from `first` on, for kVectors vectors of pictures from `lane` on.
template <std::size_t kVectors>
HWY_INLINE void Tile(const LaneProduct& p, std::size_t lanes, std::size_t first, std::size_t lane,
                     float* out) {
  const std::size_t here = HWY_MIN(kWidth, p.outputs - first);
  Vec sum[kWidth][kVectors];
  KILN_UNROLL for (std::size_t n = 0; n < kWidth; ++n)
      KILN_UNROLL for (std::size_t v = 0; v < kVectors; ++v) {
    sum[n][v] = Splat(p.bias ? p.bias[first + n] : 0);
    if (p.start && n < here)
      sum[n][v] =
          hn::Add(sum[n][v], hn::LoadU(kTag, p.start + (first + n) * lanes + lane + v * kLanes));
  }
  const float* w =
      p.weights + first / kLaneOutputs * kLaneOutputs * p.taps * p.inputs + first % kLaneOutputs;
  for (std::size_t t = 0; t < p.taps; ++t) {
    const float* x = p.in[t] + lane;
    for (std::size_t k = 0; k < p.inputs; ++k, w += kLaneOutputs, x += lanes) {
      Vec in[kVectors];
      KILN_UNROLL for (std::size_t v = 0; v < kVectors; ++v) in[v] =
          hn::LoadU(kTag, x + v * kLanes);
      KILN_UNROLL for (std::size_t n = 0; n < kWidth; ++n) {
        const Vec wn = Splat(w[n]);
        KILN_UNROLL for (std::size_t v = 0; v < kVectors; ++v) sum[n][v] =
            hn::MulAdd(wn, in[v], sum[n][v]);
      }
    }
  }
  for (std::size_t n = 0; n < here; ++n)
    for (std::size_t v = 0; v < kVectors; ++v)
      hn::StoreU(p.relu ? hn::Max(sum[n][v], hn::Zero(kTag)) : sum[n][v], kTag,
                 out + (first + n) * lanes + lane + v * kLanes);
}

void Product(const LaneProduct& p, std::size_t lanes, float* out) {
  for (std::size_t first = 0; first < p.outputs; first += kWidth) {
    std::size_t lane = 0;
    for (; lane + 2 * kLanes <= lanes; lane += 2 * kLanes) Tile<2>(p, lanes, first, lane, out);
    for (; lane < lanes; lane += kLanes) Tile<1>(p, lanes, first, lane, out);
  }
}

void Relu(const float* in, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; i += kLanes)
    hn::StoreU(hn::Max(hn::LoadU(kTag, in + i), hn::Zero(kTag)), kTag, out + i);
}

HWY_INLINE Vec Elu(Vec a) {
  const Vec zero = hn::Zero(kTag);
  const Vec below =
      hn::Sub(Exp2(Clamp(hn::Mul(hn::Min(a, zero), Splat(kLog2E)), 126.0f)), Splat(1));
  return hn::IfThenElse(hn::Gt(a, zero), a, below);
}

void ConcatElu(const float* in, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; i += kLanes) {
    const Vec a = hn::LoadU(kTag, in + i);
    hn::StoreU(Elu(a), kTag, out + i);
    hn::StoreU(Elu(hn::Neg(a)), kTag, out + count + i);
  }
}

void EluOf(const float* in, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; i += kLanes)
    hn::StoreU(Elu(hn::LoadU(kTag, in + i)), kTag, out + i);
}

void GateAdd(const float* x, const float* a, const float* b, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; i += kLanes)
    hn::StoreU(
        hn::MulAdd(hn::LoadU(kTag, a + i), Sigmoid(hn::LoadU(kTag, b + i)), hn::LoadU(kTag, x + i)),
        kTag, out + i);
}

void Lstm(const float* gates, std::size_t stride, const float* c_before, std::size_t count,
          float* c, float* h) {
  for (std::size_t i = 0; i < count; i += kLanes) {
    const float* at = gates + i;
    const Vec o = Sigmoid(hn::LoadU(kTag, at)), f = Sigmoid(hn::LoadU(kTag, at + stride));
    const Vec in = Sigmoid(hn::LoadU(kTag, at + 2 * stride));
    const Vec g = Tanh(hn::LoadU(kTag, at + 3 * stride));
    const Vec next = hn::MulAdd(f, hn::LoadU(kTag, c_before + i), hn::Mul(in, g));
    hn::StoreU(next, kTag, c + i);
    hn::StoreU(hn::Mul(o, Tanh(next)), kTag, h + i);
  }
}

}  // namespace
}  // namespace kiln::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kiln::simd {

HWY_EXPORT(Product);
HWY_EXPORT(Relu);
HWY_EXPORT(Lstm);
HWY_EXPORT(ConcatElu);
HWY_EXPORT(EluOf);
HWY_EXPORT(GateAdd);

void lane_product(const LaneProduct& product, std::size_t lanes, float* out) {
  HWY_DYNAMIC_DISPATCH(Product)(product, lanes, out);
}

void lane_relu(const float* in, std::size_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(Relu)(in, count, out);
}

void lane_concat_elu(const float* in, std::size_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(ConcatElu)(in, count, out);
}

void lane_elu(const float* in, std::size_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(EluOf)(in, count, out);
}

void lane_gate_add(const float* x, const float* a, const float* b, std::size_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(GateAdd)(x, a, b, count, out);
}

void lane_lstm(const float* gates, std::size_t stride, const float* c_before, std::size_t count,
               float* c, float* h) {
  HWY_DYNAMIC_DISPATCH(Lstm)(gates, stride, c_before, count, c, h);
}

}  // namespace kiln::simd
#endif  // HWY_ONCE
