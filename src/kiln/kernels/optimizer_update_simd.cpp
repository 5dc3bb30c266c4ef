#include "kiln/kernels/optimizer_update.h"

#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kiln/kernels/optimizer_update_simd.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include "kiln/kernels/simd_math-inl.h"
#include "kiln/kernels/simd_targets.h"

HWY_BEFORE_NAMESPACE();
namespace kiln::simd::HWY_NAMESPACE {
namespace {

// Multiplications and additions stay apart: a fused one would round differently from plain code.
HWY_INLINE Vec scaled_sum(float a, Vec x, float b, Vec y) {
  return hn::Add(hn::Mul(Splat(a), x), hn::Mul(Splat(b), y));
}

HWY_INLINE Vec decayed(const UpdateRule& r, Vec gradient, Vec p) {
  return hn::Add(gradient, hn::Mul(Splat(r.decay), p));
}

struct Adam {
  const UpdateRule& r;
  HWY_INLINE void operator()(Vec gradient, Vec& p, Vec& m, Vec& v) const {
    const Vec g = decayed(r, gradient, p);
    m = scaled_sum(r.beta1, m, 1 - r.beta1, g);
    v = hn::Add(hn::Mul(Splat(r.beta2), v), hn::Mul(hn::Mul(Splat(1 - r.beta2), g), g));
    const Vec root = hn::Sqrt(hn::Mul(v, Splat(r.correction)));
    p = hn::Sub(p, hn::Div(hn::Mul(Splat(r.rate), m), hn::Add(root, Splat(r.epsilon))));
  }
};

struct Sgd {
  const UpdateRule& r;
  HWY_INLINE void operator()(Vec gradient, Vec& p, Vec& m, Vec&) const {
    m = hn::Add(hn::Mul(Splat(r.momentum), m), decayed(r, gradient, p));
    p = hn::Sub(p, hn::Mul(Splat(r.rate), m));
  }
};

struct RmsProp {
  const UpdateRule& r;
  HWY_INLINE void operator()(Vec gradient, Vec& p, Vec&, Vec& v) const {
    const Vec g = decayed(r, gradient, p);
    v = hn::Add(hn::Mul(Splat(r.beta2), v), hn::Mul(hn::Mul(Splat(1 - r.beta2), g), g));
    p = hn::Sub(p, hn::Div(hn::Mul(Splat(r.rate), g), hn::Add(hn::Sqrt(v), Splat(r.epsilon))));
  }
};

// Null moments are neither read nor written.  With kPast the new parameters go past the caches:
// other cores have read the old ones, and a store to a line that is shared waits for all of them to
// let go of it, one line after the other (60 ns each on an EPYC; a third of NADE's step).
template <bool kPast, class Update>
void sweep(const Update& update, float* p, const float* gradient, float* m, float* v,
           std::size_t n) {
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    Vec pi = hn::LoadU(kTag, p + i);
    Vec mi = m ? hn::LoadU(kTag, m + i) : pi, vi = v ? hn::LoadU(kTag, v + i) : pi;
    update(hn::LoadU(kTag, gradient + i), pi, mi, vi);
    if constexpr (kPast)
      hn::Stream(pi, kTag, p + i);
    else
      hn::StoreU(pi, kTag, p + i);
    if (m) hn::StoreU(mi, kTag, m + i);
    if (v) hn::StoreU(vi, kTag, v + i);
  }
  if constexpr (kPast) hwy::FlushStream();
  if (i == n) return;
  const std::size_t left = n - i;
  Vec pi = LoadFirst(p + i, left);
  Vec mi = m ? LoadFirst(m + i, left) : pi, vi = v ? LoadFirst(v + i, left) : pi;
  update(LoadFirst(gradient + i, left), pi, mi, vi);
  StoreFirst(pi, p + i, left);
  if (m) StoreFirst(mi, m + i, left);
  if (v) StoreFirst(vi, v + i, left);
}

template <class Update>
void run(const Update& update, const Parameters& p, const float* g, float* m, float* v,
         std::size_t n) {
  const bool aligned = reinterpret_cast<std::uintptr_t>(p.values) % (kLanes * sizeof(float)) == 0;
  if (p.shared && aligned)
    sweep<true>(update, p.values, g, m, v, n);
  else
    sweep<false>(update, p.values, g, m, v, n);
}

void AdamUpdate(const UpdateRule& r, const Parameters& p, const float* g, float* m, float* v,
                std::size_t n) {
  run(Adam{r}, p, g, m, v, n);
}
void SgdUpdate(const UpdateRule& r, const Parameters& p, const float* g, float* m, std::size_t n) {
  run(Sgd{r}, p, g, m, nullptr, n);
}
void RmsPropUpdate(const UpdateRule& r, const Parameters& p, const float* g, float* v,
                   std::size_t n) {
  run(RmsProp{r}, p, g, nullptr, v, n);
}

}  // namespace
}  // namespace kiln::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kiln::simd {

HWY_EXPORT(AdamUpdate);
HWY_EXPORT(SgdUpdate);
HWY_EXPORT(RmsPropUpdate);

void adam_update(const UpdateRule& rule, const Parameters& p, const float* gradient, float* m,
                 float* v, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(AdamUpdate)(rule, p, gradient, m, v, n);
}

void sgd_update(const UpdateRule& rule, const Parameters& p, const float* gradient, float* m,
                std::size_t n) {
  HWY_DYNAMIC_DISPATCH(SgdUpdate)(rule, p, gradient, m, n);
}

void rmsprop_update(const UpdateRule& rule, const Parameters& p, const float* gradient, float* v,
                    std::size_t n) {
  HWY_DYNAMIC_DISPATCH(RmsPropUpdate)(rule, p, gradient, v, n);
}

}  // namespace kiln::simd
#endif  // HWY_ONCE
