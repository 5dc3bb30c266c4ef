#include "kiln/kernels/rnade_scan_simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kiln/kernels/rnade_scan_simd.cpp"
#include <hwy/aligned_allocator.h>
#include <hwy/foreach_target.h>

#include <limits>

#include "kiln/kernels/rnade_math-inl.h"
#include "kiln/kernels/simd_targets.h"

HWY_BEFORE_NAMESPACE();
namespace kiln::simd::HWY_NAMESPACE {
namespace {

constexpr std::size_t kTile = kLanes == 16 ? 12 : 6;  // heads whose sums stay in registers

// Squares of larger distances would not be finite after a few products.
constexpr float kFarthest = 1e15f;
constexpr float kHalfLog2Pi = 0.918938533f, kLog2 = 0.693147181f;

// kGroup vectors of samples on their way through all steps.  [row][vector of the group][lane].
template <std::size_t kGroup>
class Group {
 public:
  explicit Group(const RnadeScan& scan)
      : scan_(scan),
        memory_(hwy::AllocateAligned<float>((2 * scan.hidden + scan.heads()) * kRow +
                                            2 * scan.components * kLanes)),
        a_(memory_.get()),
        h_(a_ + scan.hidden * kRow),
        z_(h_ + scan.hidden * kRow),
        inverse_(z_ + scan.heads() * kRow),
        floor_slope_(inverse_ + scan.components * kLanes) {}

  void run(std::size_t lane, float* nll, float* slopes) {
    Vec total[kGroup];
    KILN_UNROLL for (auto& sum : total) sum = hn::Zero(kTag);
    for (std::size_t i = 0; i < scan_.dims; ++i) {
      units(i, lane);
      heads(i);
      for (std::size_t g = 0; g < kGroup; ++g) {
        const std::size_t at = lane + g * kLanes;
        const Vec x = hn::LoadU(kTag, scan_.x + i * scan_.lanes() + at);
        float* out = slopes ? slopes + i * scan_.heads() * scan_.lanes() + at : nullptr;
        total[g] = hn::Sub(total[g], mixture(z_ + g * kLanes, x, out));
      }
    }
    KILN_UNROLL for (std::size_t g = 0; g < kGroup; ++g)
        hn::StoreU(total[g], kTag, nll + lane + g * kLanes);
  }

 private:
  static constexpr std::size_t kRow = kGroup * kLanes;

  std::size_t number(std::size_t step) const { return static_cast<std::size_t>(scan_.order[step]); }

  // a_1 = c;  a_i = a_{i-1} + x W of the step before;  h = f(rho a).
  void units(std::size_t i, std::size_t lane) {
    const float* w = i ? scan_.W + number(i - 1) * scan_.hidden : nullptr;
    const Vec rho = Splat(scan_.rho[number(i)]);
    Vec x[kGroup];
    KILN_UNROLL for (std::size_t g = 0; g < kGroup; ++g) x[g] =
        i ? hn::LoadU(kTag, scan_.x + (i - 1) * scan_.lanes() + lane + g * kLanes) : hn::Zero(kTag);
    for (std::size_t k = 0; k < scan_.hidden; ++k)
      KILN_UNROLL for (std::size_t g = 0; g < kGroup; ++g) {
        const std::size_t at = k * kRow + g * kLanes;
        const Vec a =
            i ? hn::MulAdd(x[g], Splat(w[k]), hn::Load(kTag, a_ + at)) : Splat(scan_.c[k]);
        hn::Store(a, kTag, a_ + at);
        hn::Store(Activate(hn::Mul(rho, a), scan_.sigmoid), kTag, h_ + at);
      }
  }

  // z = b_d + V_d^T h, kTile heads at a time; their number is a multiple of three.
  void heads(std::size_t i) {
    std::size_t first = 0;
    for (; first + kTile <= scan_.heads(); first += kTile) tile<kTile>(i, first);
    switch (scan_.heads() - first) {
      case 9:
        return tile<9>(i, first);
      case 6:
        return tile<6>(i, first);
      case 3:
        return tile<3>(i, first);
    }
  }

  template <std::size_t kWidth>
  HWY_INLINE void tile(std::size_t i, std::size_t first) {
    const float* b = scan_.b + number(i) * scan_.heads() + first;
    const float* v = scan_.V + number(i) * scan_.hidden * scan_.heads() + first;
    Vec sum[kWidth][kGroup];
    KILN_UNROLL for (std::size_t n = 0; n < kWidth; ++n)
        KILN_UNROLL for (std::size_t g = 0; g < kGroup; ++g) sum[n][g] = Splat(b[n]);
    for (std::size_t k = 0; k < scan_.hidden; ++k, v += scan_.heads()) {
      Vec h[kGroup];
      KILN_UNROLL for (std::size_t g = 0; g < kGroup; ++g) h[g] =
          hn::Load(kTag, h_ + k * kRow + g * kLanes);
      KILN_UNROLL for (std::size_t n = 0; n < kWidth; ++n) {
        const Vec vn = Splat(v[n]);
        KILN_UNROLL for (std::size_t g = 0; g < kGroup; ++g) sum[n][g] =
            hn::MulAdd(vn, h[g], sum[n][g]);
      }
    }
    KILN_UNROLL for (std::size_t n = 0; n < kWidth; ++n)
        KILN_UNROLL for (std::size_t g = 0; g < kGroup; ++g)
            hn::Store(sum[n][g], kTag, z_ + (first + n) * kRow + g * kLanes);
  }

  // log sum_k alpha_k f(x; mu_k, sigma_k) = LSE_k(z_alpha + log f) - LSE_k(z_alpha).  Leaves in z:
  // z_alpha, u = (x - mu) / sigma and z_alpha + log f; then their exponentials.
  HWY_INLINE Vec mixture(float* z, Vec x, float* slopes) {
    const std::size_t count = scan_.components;
    float *alpha = z, *u = z + count * kRow, *joint = z + 2 * count * kRow;
    const Vec low = Splat(-std::numeric_limits<float>::max());
    Vec most_alpha = low, most_joint = low;
    for (std::size_t k = 0; k < count; ++k) {
      const Vec j = component(k, x, hn::Load(kTag, alpha + k * kRow), u, joint);
      most_alpha = hn::Max(most_alpha, hn::Load(kTag, alpha + k * kRow));
      most_joint = hn::Max(most_joint, j);
    }
    Vec sum_alpha = hn::Zero(kTag), sum_joint = hn::Zero(kTag);
    for (std::size_t k = 0; k < count; ++k) {
      const Vec ea = Exp(hn::Sub(hn::Load(kTag, alpha + k * kRow), most_alpha));
      const Vec ej = Exp(hn::Sub(hn::Load(kTag, joint + k * kRow), most_joint));
      sum_alpha = hn::Add(sum_alpha, ea);
      sum_joint = hn::Add(sum_joint, ej);
      hn::Store(ea, kTag, alpha + k * kRow);
      hn::Store(ej, kTag, joint + k * kRow);
    }
    if (slopes) write_slopes(alpha, u, joint, Reciprocal(sum_alpha), Reciprocal(sum_joint), slopes);
    const Vec shares = hn::Sub(Log(sum_joint), Log(sum_alpha));
    const Vec constant = Splat(scan_.laplace ? kLog2 : kHalfLog2Pi);
    return hn::Sub(hn::Add(hn::Sub(most_joint, most_alpha), shares), constant);
  }

  // z_alpha + log f without its constant.  log sigma = m + softplus(z - m), its slope sigmoid(z -
  // m).
  HWY_INLINE Vec component(std::size_t k, Vec x, Vec z_alpha, float* u, float* joint) {
    const Vec zero = hn::Zero(kTag), one = Splat(1.0f), floor = Splat(scan_.min_log_sigma);
    const Vec excess = hn::Sub(hn::Load(kTag, joint + k * kRow), floor);
    const Vec e = Exp(hn::Neg(hn::Abs(excess)));
    const Vec log_sigma = hn::Add(floor, hn::Add(hn::Max(zero, excess), Log1pOfUnit(e)));
    const Vec r = Reciprocal(hn::Add(one, e));
    hn::Store(hn::IfThenElse(hn::Lt(excess, zero), hn::Mul(e, r), r), kTag,
              floor_slope_ + k * kLanes);
    const Vec inverse = Exp(hn::Neg(log_sigma));
    hn::Store(inverse, kTag, inverse_ + k * kLanes);
    const Vec distance =
        Clamp(hn::Mul(hn::Sub(x, hn::Load(kTag, u + k * kRow)), inverse), kFarthest);
    hn::Store(distance, kTag, u + k * kRow);
    const Vec cost =
        scan_.laplace ? hn::Abs(distance) : hn::Mul(hn::Mul(distance, distance), Splat(0.5f));
    const Vec j = hn::Sub(hn::Sub(z_alpha, log_sigma), cost);
    hn::Store(j, kTag, joint + k * kRow);
    return j;
  }

  // With r_k the posterior of component k:  d nll / d z_alpha = alpha - r,  d mu = -r u / sigma,
  // d log sigma = -r (u^2 - 1);  Laplace: sign(u) for u, |u| for u^2.
  HWY_INLINE void write_slopes(const float* alpha, const float* u, const float* joint,
                               Vec scale_alpha, Vec scale_joint, float* out) const {
    const std::size_t count = scan_.components, lanes = scan_.lanes();
    const Vec one = Splat(1.0f), zero = hn::Zero(kTag);
    for (std::size_t k = 0; k < count; ++k) {
      const Vec r = hn::Mul(hn::Load(kTag, joint + k * kRow), scale_joint);
      const Vec distance = hn::Load(kTag, u + k * kRow);
      const Vec sign = hn::IfThenElse(hn::Eq(distance, zero), zero, hn::CopySign(one, distance));
      const Vec pull = scan_.laplace ? sign : distance;
      const Vec square = hn::Mul(distance, pull);
      const Vec unit = scan_.scaled_mean_gradient ? one : hn::Load(kTag, inverse_ + k * kLanes);
      const Vec slope = hn::Load(kTag, floor_slope_ + k * kLanes);
      const Vec d_alpha = hn::MulSub(hn::Load(kTag, alpha + k * kRow), scale_alpha, r);
      hn::StoreU(d_alpha, kTag, out + k * lanes);
      hn::StoreU(hn::Neg(hn::Mul(hn::Mul(r, pull), unit)), kTag, out + (count + k) * lanes);
      hn::StoreU(hn::Mul(hn::Mul(r, hn::Sub(one, square)), slope), kTag,
                 out + (2 * count + k) * lanes);
    }
  }

  const RnadeScan& scan_;
  hwy::AlignedFreeUniquePtr<float[]> memory_;
  float *a_, *h_, *z_, *inverse_, *floor_slope_;  // the last two of one vector: [K][lane]
};

void Forward(const RnadeScan& scan, std::size_t first, std::size_t last, float* nll,
             float* slopes) {
  std::size_t lane = first;
  Group<2> pair(scan);
  for (; lane + 2 * kLanes <= last; lane += 2 * kLanes) pair.run(lane, nll, slopes);
  Group<1> rest(scan);
  for (; lane < last; lane += kLanes) rest.run(lane, nll, slopes);
}

const char* Target() { return hwy::TargetName(HWY_TARGET); }

}  // namespace
}  // namespace kiln::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kiln::simd {

HWY_EXPORT(Forward);
HWY_EXPORT(Target);

void rnade_forward(const RnadeScan& scan, std::size_t first, std::size_t last, float* nll,
                   float* slopes) {
  HWY_DYNAMIC_DISPATCH(Forward)(scan, first, last, nll, slopes);
}

const char* rnade_target() { return HWY_DYNAMIC_DISPATCH(Target)(); }

}  // namespace kiln::simd
#endif  // HWY_ONCE
