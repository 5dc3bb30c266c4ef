#include "kiln/kernels/nade_scan_simd.h"

#include <bit>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kiln/kernels/nade_scan_simd.cpp"
#include <hwy/aligned_allocator.h>
#include <hwy/foreach_target.h>
#include "kiln/kernels/simd_math-inl.h"
#include "kiln/kernels/simd_targets.h"

HWY_BEFORE_NAMESPACE();
namespace kiln::simd::HWY_NAMESPACE {
namespace {

// Samples scanned together: two rows of V times a group fill the registers with sums.
constexpr std::size_t kGroup = kLanes == 16 ? 8 : 4;

// The hidden units of a group of samples, [vector k][sample g][lane], lanes = hidden units.
// t = -a log2(e) and h = sigmoid(a), where a = c + the rows of W whose pixel was one so far.
class Group {
 public:
  explicit Group(const NadeScan& scan)
      : vectors_((scan.hidden + kLanes - 1) / kLanes),
        tail_(scan.hidden - (vectors_ - 1) * kLanes),
        memory_(hwy::AllocateAligned<float>(2 * vectors_ * kGroup * kLanes)),
        t_(memory_.get()),
        h_(t_ + vectors_ * kGroup * kLanes) {}

  // a_1 = c.
  void start(const float* c) {
    for (std::size_t k = 0; k < vectors_; ++k) {
      const Vec t = hn::Mul(row(c, k), Splat(-kLog2E)), h = SigmoidOfExponent(t);
      for (std::size_t g = 0; g < kGroup; ++g) {
        hn::Store(t, kTag, t_ + at(k, g));
        hn::Store(h, kTag, h_ + at(k, g));
      }
    }
  }

  // a_{i+1} = a_i + W_d for the samples in `ones`.
  void add(std::uint32_t ones, const float* w) {
    for (; ones; ones &= ones - 1) {
      const auto g = static_cast<std::size_t>(std::countr_zero(ones));
      for (std::size_t k = 0; k < vectors_; ++k) {
        const Vec t = hn::MulAdd(row(w, k), Splat(-kLog2E), hn::Load(kTag, t_ + at(k, g)));
        hn::Store(t, kTag, t_ + at(k, g));
        hn::Store(SigmoidOfExponent(t), kTag, h_ + at(k, g));
      }
    }
  }

  // The lanes of sums[g] add up to v . h of sample g.
  HWY_INLINE void dot(const float* v, Vec* sums) const {
    KILN_UNROLL for (std::size_t g = 0; g < kGroup; ++g) sums[g] = hn::Zero(kTag);
    for (std::size_t k = 0; k < vectors_; ++k) {
      const Vec vk = row(v, k);
      KILN_UNROLL for (std::size_t g = 0; g < kGroup; ++g) sums[g] =
          hn::MulAdd(vk, hn::Load(kTag, h_ + at(k, g)), sums[g]);
    }
  }

  // dot(v, sums) and dot(u, sums + kGroup): every h is loaded once for both.
  HWY_INLINE void dot_two(const float* v, const float* u, Vec* sums) const {
    KILN_UNROLL for (std::size_t g = 0; g < 2 * kGroup; ++g) sums[g] = hn::Zero(kTag);
    for (std::size_t k = 0; k < vectors_; ++k) {
      const Vec vk = row(v, k), uk = row(u, k);
      KILN_UNROLL for (std::size_t g = 0; g < kGroup; ++g) {
        const Vec h = hn::Load(kTag, h_ + at(k, g));
        sums[g] = hn::MulAdd(vk, h, sums[g]);
        sums[kGroup + g] = hn::MulAdd(uk, h, sums[kGroup + g]);
      }
    }
  }

 private:
  static std::size_t at(std::size_t k, std::size_t g) { return (k * kGroup + g) * kLanes; }
  HWY_INLINE Vec row(const float* p, std::size_t k) const {
    return k + 1 < vectors_ ? hn::LoadU(kTag, p + k * kLanes) : LoadFirst(p + k * kLanes, tail_);
  }

  std::size_t vectors_, tail_;
  hwy::AlignedFreeUniquePtr<float[]> memory_;
  float *t_, *h_;
};

// The 2 * kGroup sums of two rows.
HWY_INLINE void store_sums(const Vec* sums, float* values) {
  KILN_UNROLL for (std::size_t j = 0; j < 2 * kGroup; j += kLanes)
      hn::Store(SumEach(sums + j), kTag, values + j);
}

const float* row_of(const float* matrix, const NadeScan& scan, std::size_t step) {
  return matrix + static_cast<std::size_t>(scan.order[step]) * scan.hidden;
}

// Two steps at a time.  A pixel that is one changes h between them, then the rows of V are
// multiplied one after the other; the sums are the same bits either way.
void scan_group(const NadeScan& scan, std::size_t first, Group& group, float* logits) {
  const std::size_t lanes = scan.lanes();
  Vec sums[2 * kGroup];
  HWY_ALIGN float values[2 * kGroup];
  group.start(scan.c);
  for (std::size_t i = 0; i < scan.dims; i += 2) {
    const bool two = i + 1 < scan.dims;
    const float *v = row_of(scan.V, scan, i), *u = two ? row_of(scan.V, scan, i + 1) : v;
    if (const auto ones = scan.ones_at(i, first, kGroup)) {
      group.dot(v, sums);
      group.add(ones, row_of(scan.W, scan, i));
      group.dot(u, sums + kGroup);
    } else {
      group.dot_two(v, u, sums);
    }
    store_sums(sums, values);
    std::memcpy(logits + i * lanes + first, values, kGroup * sizeof(float));
    if (!two) break;
    std::memcpy(logits + (i + 1) * lanes + first, values + kGroup, kGroup * sizeof(float));
    group.add(scan.ones_at(i + 1, first, kGroup), row_of(scan.W, scan, i + 1));
  }
}

void Logits(const NadeScan& scan, std::size_t first, std::size_t last, float* logits) {
  Group group(scan);
  for (std::size_t s = first; s < last; s += kGroup) scan_group(scan, s, group, logits);
}

// Lanes = samples.  With e = exp(-|l|): softplus(l) = max(l, 0) + log(1 + e), p = sigmoid(l).
void loss_of_lanes(const NadeScan& scan, std::size_t lane, float* logits, float* nll) {
  constexpr std::size_t kRun = 28;  // partial sums keep the rounding error of 784 steps small
  Vec total = hn::Zero(kTag);
  for (std::size_t begin = 0; begin < scan.dims; begin += kRun) {
    Vec sum = hn::Zero(kTag);
    for (std::size_t i = begin; i < HWY_MIN(begin + kRun, scan.dims); ++i) {
      float* place = logits + i * scan.lanes() + lane;
      const Vec l = hn::Add(hn::Load(kTag, place), Splat(scan.b[scan.order[i]]));
      const Vec e = Exp2(Clamp(hn::Mul(hn::Abs(l), Splat(-kLog2E)), 126.0f));
      const Vec r = Reciprocal(hn::Add(Splat(1.0f), e));
      const std::uint64_t word = scan.ones_at(i, lane, kLanes);
      const auto ones = hn::LoadMaskBits(kTag, reinterpret_cast<const std::uint8_t*>(&word));
      const Vec p = hn::IfThenElse(hn::Lt(l, hn::Zero(kTag)), hn::Mul(r, e), r);
      const Vec x = hn::IfThenElseZero(ones, Splat(1.0f));
      sum = hn::Add(sum, hn::Add(hn::Max(l, hn::Zero(kTag)), Log1pOfUnit(e)));
      sum = hn::NegMulAdd(x, l, sum);
      hn::Store(hn::Sub(p, x), kTag, place);
    }
    total = hn::Add(total, sum);
  }
  hn::Store(total, kTag, nll + lane);
}

void Loss(const NadeScan& scan, std::size_t first, std::size_t last, float* logits, float* nll) {
  for (std::size_t lane = first; lane < last; lane += kLanes)
    loss_of_lanes(scan, lane, logits, nll);
}

// One step for the samples [first, first + count) of a group: bit g is the pixel of sample g.
std::uint32_t draw_pixels(const NadeDraw& draw, const NadeScan& scan, std::size_t pixel,
                          std::size_t first, std::size_t count, const float* probs) {
  std::uint32_t ones = 0;
  for (std::size_t g = 0; g < count; ++g) {
    const std::size_t place = (first + g) * scan.dims + pixel;
    const bool kept = draw.given && draw.given[place] != 2;
    const bool one = kept ? draw.given[place] == 1 : draw.uniform[place] < probs[g];
    draw.x[place] = one ? 1.0f : 0.0f;
    ones |= static_cast<std::uint32_t>(one) << g;
  }
  return ones;
}

void Draw(const NadeScan& scan, const NadeDraw& draw, std::size_t first, std::size_t last) {
  Group group(scan);
  Vec sums[2 * kGroup];
  HWY_ALIGN float values[2 * kGroup];
  KILN_UNROLL for (auto& sum : sums) sum = hn::Zero(kTag);
  for (std::size_t s = first; s < last; s += kGroup) {
    group.start(scan.c);
    for (std::size_t i = 0; i < scan.dims; ++i) {
      const auto pixel = static_cast<std::size_t>(scan.order[i]);
      group.dot(row_of(scan.V, scan, i), sums);
      store_sums(sums, values);
      KILN_UNROLL for (std::size_t j = 0; j < 2 * kGroup; j += kLanes) {
        const Vec l = hn::Add(hn::Load(kTag, values + j), Splat(scan.b[pixel]));
        const Vec t = hn::Mul(l, Splat(-kLog2E * draw.inverse_temperature));
        hn::Store(SigmoidOfExponent(t), kTag, values + j);
      }
      const auto ones = draw_pixels(draw, scan, pixel, s, HWY_MIN(kGroup, last - s), values);
      if (i + 1 < scan.dims) group.add(ones, row_of(scan.W, scan, i));
    }
  }
}

const char* Target() { return hwy::TargetName(HWY_TARGET); }

}  // namespace
}  // namespace kiln::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kiln::simd {

HWY_EXPORT(Logits);
HWY_EXPORT(Loss);
HWY_EXPORT(Draw);
HWY_EXPORT(Target);

void nade_logits(const NadeScan& scan, std::size_t first, std::size_t last, float* logits) {
  HWY_DYNAMIC_DISPATCH(Logits)(scan, first, last, logits);
}

void nade_loss(const NadeScan& scan, std::size_t first, std::size_t last, float* logits,
               float* nll) {
  HWY_DYNAMIC_DISPATCH(Loss)(scan, first, last, logits, nll);
}

void nade_draw(const NadeScan& scan, const NadeDraw& draw, std::size_t first, std::size_t last) {
  HWY_DYNAMIC_DISPATCH(Draw)(scan, draw, first, last);
}

const char* nade_target() { return HWY_DYNAMIC_DISPATCH(Target)(); }

}  // namespace kiln::simd
#endif  // HWY_ONCE
