#include "kiln/kernels/rnade_scan_simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kiln/kernels/rnade_gradient_simd.cpp"
#include <hwy/aligned_allocator.h>
#include <hwy/foreach_target.h>
#include "kiln/kernels/rnade_math-inl.h"
#include "kiln/kernels/simd_targets.h"

HWY_BEFORE_NAMESPACE();
namespace kiln::simd::HWY_NAMESPACE {
namespace {

constexpr std::size_t kUnits = 4;   // hidden units whose sums stay in registers
constexpr std::size_t kChunk = 64;  // lanes whose a and g stay in the second cache

// One block of hidden units, a chunk of lanes at a time.  Up through the steps: a, dV and
//   g = rho_d f'(psi) (V_d . slopes);   down: da = sum of the g of later steps,  dW_d += x_d da.
class Block {
 public:
  Block(const RnadeScan& scan, const RnadeGradients& out, std::size_t first, std::size_t last)
      : scan_(scan),
        out_(out),
        first_(first),
        count_(last - first),
        memory_(hwy::AllocateAligned<float>((scan.dims + 1) * count_ * kChunk + kUnits * kChunk)),
        a_(memory_.get()),
        g_(a_ + count_ * kChunk),
        h_(g_ + scan.dims * count_ * kChunk) {}

  void run() {
    for (std::size_t i = 0; i < scan_.dims; ++i) out_.drho[number(i)] = 0;
    for (lane_ = 0; lane_ < scan_.lanes(); lane_ += kChunk) {
      width_ = HWY_MIN(kChunk, scan_.lanes() - lane_);
      for (std::size_t i = 0; i < scan_.dims; ++i) up(i);
      down();
    }
  }

 private:
  std::size_t number(std::size_t step) const { return static_cast<std::size_t>(scan_.order[step]); }
  const float* x(std::size_t step) const { return scan_.x + step * scan_.lanes() + lane_; }
  // The first chunk sets a gradient, later ones add.
  float before(const float* place) const { return lane_ ? *place : 0; }

  void up(std::size_t i) {
    Vec drho = hn::Zero(kTag);
    for (std::size_t unit = 0; unit < count_; unit += kUnits) {
      const std::size_t units = HWY_MIN(kUnits, count_ - unit);
      for (std::size_t q = 0; q < units; ++q) start_unit(i, unit + q, q);
      switch (units) {
        case 4:
          drho = hn::Add(drho, unit_gradients<4>(i, unit));
          break;
        case 3:
          drho = hn::Add(drho, unit_gradients<3>(i, unit));
          break;
        case 2:
          drho = hn::Add(drho, unit_gradients<2>(i, unit));
          break;
        case 1:
          drho = hn::Add(drho, unit_gradients<1>(i, unit));
          break;
      }
    }
    out_.drho[number(i)] += hn::GetLane(hn::SumOfLanes(kTag, drho));
  }

  // The same arithmetic as the forward pass, so the same bits.
  void start_unit(std::size_t i, std::size_t unit, std::size_t q) {
    const std::size_t k = first_ + unit;
    const Vec w = Splat(i ? scan_.W[number(i - 1) * scan_.hidden + k] : scan_.c[k]);
    const Vec rho = Splat(scan_.rho[number(i)]);
    for (std::size_t s = 0; s < width_; s += kLanes) {
      float* place = a_ + unit * kChunk + s;
      const Vec a = i ? hn::MulAdd(hn::LoadU(kTag, x(i - 1) + s), w, hn::Load(kTag, place)) : w;
      hn::Store(a, kTag, place);
      hn::Store(Activate(hn::Mul(rho, a), scan_.sigmoid), kTag, h_ + q * kChunk + s);
    }
  }

  template <std::size_t kCount>
  HWY_INLINE Vec unit_gradients(std::size_t i, std::size_t unit) {
    output_weights<kCount>(i, unit);
    Vec drho = hn::Zero(kTag);
    std::size_t s = 0;
    for (; s + 2 * kLanes <= width_; s += 2 * kLanes)
      drho = hn::Add(drho, back<kCount, 2>(i, unit, s));
    for (; s < width_; s += kLanes) drho = hn::Add(drho, back<kCount, 1>(i, unit, s));
    return drho;
  }

  // dV_d += h slopes^T: lanes are heads.
  template <std::size_t kCount>
  HWY_INLINE void output_weights(std::size_t i, std::size_t unit) {
    const std::size_t padded = scan_.padded_heads(), heads = scan_.heads();
    const float* slopes = out_.by_sample + (i * scan_.lanes() + lane_) * padded;
    float* dv = out_.dV + (number(i) * scan_.hidden + first_ + unit) * heads;
    std::size_t j = 0;
    for (; j + 2 * kLanes <= heads; j += 2 * kLanes)
      outer<kCount, 2>(slopes + j, dv + j, 2 * kLanes);
    for (; j < heads; j += kLanes) outer<kCount, 1>(slopes + j, dv + j, HWY_MIN(kLanes, heads - j));
  }

  template <std::size_t kCount, std::size_t kVectors>
  HWY_INLINE void outer(const float* slopes, float* dv, std::size_t valid) {
    Vec sum[kCount][kVectors];
    KILN_UNROLL for (std::size_t q = 0; q < kCount; ++q)
        KILN_UNROLL for (std::size_t z = 0; z < kVectors; ++z) sum[q][z] = hn::Zero(kTag);
    for (std::size_t s = 0; s < width_; ++s, slopes += scan_.padded_heads()) {
      Vec slope[kVectors];
      KILN_UNROLL for (std::size_t z = 0; z < kVectors; ++z) slope[z] =
          hn::Load(kTag, slopes + z * kLanes);
      KILN_UNROLL for (std::size_t q = 0; q < kCount; ++q) {
        const Vec h = Splat(h_[q * kChunk + s]);
        KILN_UNROLL for (std::size_t z = 0; z < kVectors; ++z) sum[q][z] =
            hn::MulAdd(h, slope[z], sum[q][z]);
      }
    }
    KILN_UNROLL for (std::size_t q = 0; q < kCount; ++q)
        KILN_UNROLL for (std::size_t z = 0; z < kVectors; ++z) {
      float* place = dv + q * scan_.heads() + z * kLanes;
      const std::size_t lanes = HWY_MIN(kLanes, valid - z * kLanes);
      const Vec old = lane_ ? LoadFirst(place, lanes) : hn::Zero(kTag);
      StoreFirst(hn::Add(old, sum[q][z]), place, lanes);
    }
  }

  // dh = V_d slopes, then what `unit_slopes` says of it.
  template <std::size_t kCount, std::size_t kVectors>
  HWY_INLINE Vec back(std::size_t i, std::size_t unit, std::size_t s) {
    const std::size_t heads = scan_.heads();
    const float* v = scan_.V + (number(i) * scan_.hidden + first_ + unit) * heads;
    const float* slopes = out_.scaled + i * heads * scan_.lanes() + lane_ + s;
    Vec dh[kCount][kVectors];
    KILN_UNROLL for (auto& row : dh) KILN_UNROLL for (auto& sum : row) sum = hn::Zero(kTag);
    for (std::size_t j = 0; j < heads; ++j, slopes += scan_.lanes()) {
      Vec slope[kVectors];
      KILN_UNROLL for (std::size_t z = 0; z < kVectors; ++z) slope[z] =
          hn::LoadU(kTag, slopes + z * kLanes);
      KILN_UNROLL for (std::size_t q = 0; q < kCount; ++q)
          KILN_UNROLL for (std::size_t z = 0; z < kVectors; ++z) dh[q][z] =
              hn::MulAdd(Splat(v[q * heads + j]), slope[z], dh[q][z]);
    }
    return unit_slopes<kCount, kVectors>(i, unit, s, dh);
  }

  // dpsi = f'(psi) dh;  g = rho_d dpsi.  Returns dpsi a, summed.
  template <std::size_t kCount, std::size_t kVectors>
  HWY_INLINE Vec unit_slopes(std::size_t i, std::size_t unit, std::size_t s,
                             const Vec (&dh)[kCount][kVectors]) {
    const Vec rho = Splat(scan_.rho[number(i)]);
    Vec drho = hn::Zero(kTag);
    KILN_UNROLL for (std::size_t q = 0; q < kCount; ++q)
        KILN_UNROLL for (std::size_t z = 0; z < kVectors; ++z) {
      const std::size_t at = s + z * kLanes;
      const Vec h = hn::Load(kTag, h_ + q * kChunk + at);
      const Vec dpsi = scan_.sigmoid ? hn::Mul(dh[q][z], hn::NegMulAdd(h, h, h))
                                     : hn::IfThenElseZero(hn::Gt(h, hn::Zero(kTag)), dh[q][z]);
      drho = hn::MulAdd(dpsi, hn::Load(kTag, a_ + (unit + q) * kChunk + at), drho);
      hn::Store(hn::Mul(rho, dpsi), kTag, g_ + (i * count_ + unit + q) * kChunk + at);
    }
    return drho;
  }

  // a is done with: its place holds da.
  void down() {
    for (std::size_t unit = 0; unit < count_; ++unit) {
      float* da = a_ + unit * kChunk;
      for (std::size_t s = 0; s < width_; s += kLanes) hn::Store(hn::Zero(kTag), kTag, da + s);
      for (std::size_t i = scan_.dims; i-- > 0;) {
        const float* g = g_ + (i * count_ + unit) * kChunk;
        Vec dw = hn::Zero(kTag);
        for (std::size_t s = 0; s < width_; s += kLanes) {
          const Vec later = hn::Load(kTag, da + s);
          dw = hn::MulAdd(hn::LoadU(kTag, x(i) + s), later, dw);
          hn::Store(hn::Add(later, hn::Load(kTag, g + s)), kTag, da + s);
        }
        add(out_.dW + number(i) * scan_.hidden + first_ + unit, dw);
      }
      Vec dc = hn::Zero(kTag);
      for (std::size_t s = 0; s < width_; s += kLanes) dc = hn::Add(dc, hn::Load(kTag, da + s));
      add(out_.dc + first_ + unit, dc);
    }
  }

  void add(float* place, Vec sum) const {
    *place = before(place) + hn::GetLane(hn::SumOfLanes(kTag, sum));
  }

  const RnadeScan& scan_;
  const RnadeGradients& out_;
  const std::size_t first_, count_;
  hwy::AlignedFreeUniquePtr<float[]> memory_;
  float *a_, *g_, *h_;  // [unit][kChunk], [D][unit][kChunk], [kUnits][kChunk]
  std::size_t lane_ = 0, width_ = 0;
};

void HiddenGradient(const RnadeScan& scan, std::size_t first, std::size_t last,
                    const RnadeGradients& out) {
  Block(scan, out, first, last).run();
}

// Four heads of kLanes samples -> four numbers in each of kLanes rows.
void turn_four(const Vec* v, float* out, std::size_t stride) {
#if HWY_TARGET == HWY_SCALAR
  for (std::size_t q = 0; q < 4; ++q) out[q] = hn::GetLane(v[q]);
  static_cast<void>(stride);
#else
  const hn::RepartitionToWide<Tag> pairs;
  const auto low = [&](std::size_t a, std::size_t b) {
    return hn::BitCast(pairs, hn::InterleaveLower(kTag, v[a], v[b]));
  };
  const auto high = [&](std::size_t a, std::size_t b) {
    return hn::BitCast(pairs, hn::InterleaveUpper(kTag, v[a], v[b]));
  };
  const Vec turned[4] = {hn::BitCast(kTag, hn::InterleaveLower(pairs, low(0, 1), low(2, 3))),
                         hn::BitCast(kTag, hn::InterleaveUpper(pairs, low(0, 1), low(2, 3))),
                         hn::BitCast(kTag, hn::InterleaveLower(pairs, high(0, 1), high(2, 3))),
                         hn::BitCast(kTag, hn::InterleaveUpper(pairs, high(0, 1), high(2, 3)))};
  HWY_ALIGN float copy[kLanes];
  for (std::size_t q = 0; q < 4; ++q) {
    hn::Store(turned[q], kTag, copy);  // a sample every four lanes
    for (std::size_t s = 0; s < kLanes; s += 4)
      std::memcpy(out + (s + q) * stride, copy + s, 4 * sizeof(float));
  }
#endif
}

void weigh_step(const RnadeScan& scan, const float* slopes, const float* weight, float* scaled,
                float* by_sample, float* db) {
  const std::size_t lanes = scan.lanes(), heads = scan.heads();
  for (std::size_t j = 0; j < scan.padded_heads(); j += 4) {
    Vec sum[4] = {hn::Zero(kTag), hn::Zero(kTag), hn::Zero(kTag), hn::Zero(kTag)};
    for (std::size_t s = 0; s < lanes; s += kLanes) {
      Vec v[4];
      for (std::size_t q = 0; q < 4; ++q) {
        v[q] = hn::Zero(kTag);
        if (j + q >= heads) continue;
        const std::size_t at = (j + q) * lanes + s;
        v[q] = hn::Mul(hn::LoadU(kTag, slopes + at), hn::LoadU(kTag, weight + s));
        hn::StoreU(v[q], kTag, scaled + at);
        sum[q] = hn::Add(sum[q], v[q]);
      }
      turn_four(v, by_sample + s * scan.padded_heads() + j, scan.padded_heads());
    }
    for (std::size_t q = 0; q < 4 && j + q < heads; ++q)
      db[j + q] = hn::GetLane(hn::SumOfLanes(kTag, sum[q]));
  }
}

void HeadGradient(const RnadeScan& scan, std::size_t first, std::size_t last, const float* slopes,
                  const float* weight, float* scaled, float* by_sample, float* db) {
  for (std::size_t i = first; i < last; ++i) {
    const std::size_t at = i * scan.heads() * scan.lanes();
    weigh_step(scan, slopes + at, weight, scaled + at,
               by_sample + i * scan.lanes() * scan.padded_heads(),
               db + static_cast<std::size_t>(scan.order[i]) * scan.heads());
  }
}

}  // namespace
}  // namespace kiln::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kiln::simd {

HWY_EXPORT(HeadGradient);
HWY_EXPORT(HiddenGradient);

void rnade_head_gradient(const RnadeScan& scan, std::size_t first, std::size_t last,
                         const float* slopes, const float* weight, float* scaled, float* by_sample,
                         float* db) {
  HWY_DYNAMIC_DISPATCH(HeadGradient)(scan, first, last, slopes, weight, scaled, by_sample, db);
}

void rnade_hidden_gradient(const RnadeScan& scan, std::size_t first, std::size_t last,
                           const RnadeGradients& gradients) {
  HWY_DYNAMIC_DISPATCH(HiddenGradient)(scan, first, last, gradients);
}

}  // namespace kiln::simd
#endif  // HWY_ONCE
