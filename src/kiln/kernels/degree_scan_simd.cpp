#include "kiln/kernels/degree_scan_simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kiln/kernels/degree_scan_simd.cpp"
#include <hwy/foreach_target.h>
#include "kiln/kernels/simd_math-inl.h"
#include "kiln/kernels/simd_targets.h"

HWY_BEFORE_NAMESPACE();
namespace kiln::simd::HWY_NAMESPACE {
namespace {

constexpr std::size_t kVectors = kDegreeBlock / kLanes;  // of a block: lanes are samples

// sums += sum over k < count of weights[k] * below[k].
HWY_INLINE void AddProducts(const float* weights, const float* below, std::size_t count,
                            Vec* sums) {
  for (std::size_t k = 0; k < count; ++k) {
    const Vec weight = Splat(weights[k]);
    const float* row = below + k * kDegreeBlock;
    KILN_UNROLL for (std::size_t v = 0; v < kVectors; ++v) sums[v] =
        hn::MulAdd(weight, hn::Load(kTag, row + v * kLanes), sums[v]);
  }
}

HWY_INLINE Vec Activate(Vec a, DegreeActivation activation) {
  switch (activation) {
    case DegreeActivation::sigmoid:
      return SigmoidOfExponent(hn::Mul(a, Splat(-kLog2E)));
    case DegreeActivation::tanh: {  // 2 sigmoid(2 a) - 1
      const Vec twice = SigmoidOfExponent(hn::Mul(a, Splat(-2 * kLog2E)));
      return hn::Sub(hn::Add(twice, twice), Splat(1.0f));
    }
    default:
      return hn::Max(a, hn::Zero(kTag));
  }
}

void Logits(const DegreeNetwork& network, std::size_t place, float* const* values, float* logits) {
  Vec sums[kVectors];
  KILN_UNROLL for (auto& sum : sums) sum = Splat(network.output_bias[place]);
  if (network.output) {
    const auto& last = network.layers[network.layer_count - 1];
    AddProducts(network.output + place * network.output_units, values[network.layer_count],
                static_cast<std::size_t>(last.upto[place]), sums);
  }
  if (network.direct) AddProducts(network.direct + place * network.dims, values[0], place, sums);
  KILN_UNROLL for (std::size_t v = 0; v < kVectors; ++v)
      hn::Store(sums[v], kTag, logits + v * kLanes);
}

void Observe(const DegreeNetwork& network, std::size_t place, float* const* values) {
  const std::size_t degree = place + 1;
  std::size_t seen = degree;  // units of the layer below that are final
  for (std::size_t l = 0; l < network.layer_count; ++l) {
    const auto& layer = network.layers[l];
    const auto first = static_cast<std::size_t>(layer.upto[place]);
    const auto last = static_cast<std::size_t>(layer.upto[degree]);
    for (std::size_t u = first; u < last; ++u) {
      Vec sums[kVectors];
      KILN_UNROLL for (auto& sum : sums) sum = Splat(layer.bias[u]);
      AddProducts(layer.weight + u * layer.below, values[l], seen, sums);
      float* to = values[l + 1] + u * kDegreeBlock;
      KILN_UNROLL for (std::size_t v = 0; v < kVectors; ++v)
          hn::Store(Activate(sums[v], network.activation), kTag, to + v * kLanes);
    }
    seen = last;
  }
}

}  // namespace
}  // namespace kiln::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kiln::simd {

HWY_EXPORT(Logits);
HWY_EXPORT(Observe);

void degree_logits(const DegreeNetwork& network, std::size_t place, float* const* values,
                   float* logits) {
  HWY_DYNAMIC_DISPATCH(Logits)(network, place, values, logits);
}

void degree_observe(const DegreeNetwork& network, std::size_t place, float* const* values) {
  HWY_DYNAMIC_DISPATCH(Observe)(network, place, values);
}

}  // namespace kiln::simd
#endif  // HWY_ONCE
