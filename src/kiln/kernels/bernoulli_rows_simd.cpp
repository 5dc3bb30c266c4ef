#include "kiln/kernels/bernoulli_rows_simd.h"

#include <algorithm>
#include <cmath>

#include "kiln/kernels/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kiln/kernels/bernoulli_rows_simd.cpp"
#include <hwy/foreach_target.h>
#include "kiln/kernels/simd_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace kiln::simd::HWY_NAMESPACE {
namespace {

// 60 vectors of 16 factors of at most 2 stay below 2^1023, and 60 factors of one lane below 2^127.
constexpr std::size_t kVectorsPerLogarithm = 60;

// The numbers of a row that do not fill a vector; what follows them adds nothing: x = 0, e = 0.
struct Tail {
  HWY_ALIGN float x[kLanes] = {};
  HWY_ALIGN float logits[kLanes];
  Tail(const float* x_from, const float* logits_from, std::size_t count) {
    std::fill_n(logits, kLanes, -1e4f);
    std::copy_n(x_from, count, x);
    std::copy_n(logits_from, count, logits);
  }
};

struct Sums {
  Vec linear;   // of x a - max(a, 0)
  Vec product;  // of 1 + exp(-|a|)

  HWY_INLINE void add(Vec x, Vec a) {
    const Vec e = Exp2(Clamp(hn::Mul(hn::Abs(a), Splat(-kLog2E)), 126.0f));
    linear = hn::Add(linear, hn::MulSub(x, a, hn::Max(a, hn::Zero(kTag))));
    product = hn::MulAdd(product, e, product);
  }

  HWY_INLINE double logarithm() const {
    HWY_ALIGN float factors[kLanes];
    hn::Store(product, kTag, factors);
    double all = 1;
    for (const float factor : factors) all *= factor;
    return std::log(all);
  }
};

float RowLogProb(const float* x, const float* logits, std::size_t dims) {
  Sums sums{hn::Zero(kTag), Splat(1.0f)};
  double logarithms = 0;
  std::size_t vectors = 0, d = 0;
  for (; d + kLanes <= dims; d += kLanes) {
    sums.add(hn::LoadU(kTag, x + d), hn::LoadU(kTag, logits + d));
    if (++vectors % kVectorsPerLogarithm != 0) continue;
    logarithms += sums.logarithm();
    sums.product = Splat(1.0f);
  }
  if (d < dims) {
    const Tail tail(x + d, logits + d, dims - d);
    sums.add(hn::Load(kTag, tail.x), hn::Load(kTag, tail.logits));
  }
  logarithms += sums.logarithm();
  return hn::GetLane(hn::SumOfLanes(kTag, sums.linear)) - static_cast<float>(logarithms);
}

void LogProb(const BernoulliRows& rows, std::size_t first, std::size_t last, float* log_prob) {
  for (std::size_t r = first; r < last; ++r)
    log_prob[r] =
        RowLogProb(rows.x + r % rows.items * rows.dims, rows.logits + r * rows.dims, rows.dims);
}

HWY_INLINE Vec Slope(Vec weight, Vec x, Vec a) {
  return hn::Mul(weight, hn::Sub(x, SigmoidOfExponent(hn::Mul(a, Splat(-kLog2E)))));
}

void Gradient(const BernoulliRows& rows, const float* weight, std::size_t first, std::size_t last,
              float* gradient) {
  for (std::size_t r = first; r < last; ++r) {
    const float *x = rows.x + r % rows.items * rows.dims, *logits = rows.logits + r * rows.dims;
    float* to = gradient + r * rows.dims;
    const Vec w = Splat(weight[r]);
    std::size_t d = 0;
    for (; d + kLanes <= rows.dims; d += kLanes)
      hn::StoreU(Slope(w, hn::LoadU(kTag, x + d), hn::LoadU(kTag, logits + d)), kTag, to + d);
    const auto left = rows.dims - d;
    if (left > 0)
      StoreFirst(Slope(w, LoadFirst(x + d, left), LoadFirst(logits + d, left)), to + d, left);
  }
}

}  // namespace
}  // namespace kiln::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kiln::simd {

HWY_EXPORT(LogProb);
HWY_EXPORT(Gradient);

void bernoulli_log_prob(const BernoulliRows& rows, std::size_t first, std::size_t last,
                        float* log_prob) {
  HWY_DYNAMIC_DISPATCH(LogProb)(rows, first, last, log_prob);
}

void bernoulli_gradient(const BernoulliRows& rows, const float* weight, std::size_t first,
                        std::size_t last, float* gradient) {
  HWY_DYNAMIC_DISPATCH(Gradient)(rows, weight, first, last, gradient);
}

}  // namespace kiln::simd
#endif  // HWY_ONCE
