#pragma once

#include <cstddef>
#include <cstdint>

/// The vector code under nn/masked_draw.h: a masked network evaluated place by place for a block of
/// samples.  Sees no LibTorch; picks the instruction set when the program runs.
namespace kiln::simd {

inline constexpr std::size_t kDegreeBlock = 64;  ///< Samples in a block.

enum class DegreeActivation { relu, sigmoid, tanh };

/// Rows and columns of all weights stand by rising degree.  All arrays are row-major and belong to
/// the caller.
struct DegreeLayer {
  const float* weight;       ///< [units, below].
  const float* bias;         ///< [units].
  const std::int64_t* upto;  ///< [D + 1]: units of degree <= m.
  std::size_t below;         ///< Units of the layer below, or D.
};

struct DegreeNetwork {
  std::size_t dims;           ///< D.
  const DegreeLayer* layers;  ///< [layer_count], from the inputs up.
  std::size_t layer_count;
  const float* output;       ///< [D, output_units], or null if there is no layer.
  std::size_t output_units;  ///< Units of the last layer.
  const float* output_bias;  ///< [D].
  const float* direct;       ///< [D, D], or null.
  DegreeActivation activation;
};

/// values[0] is [D, kDegreeBlock] of x, values[l] [units, kDegreeBlock] of layer l; aligned to 64
/// bytes.  Logits [kDegreeBlock] of a place, once every earlier place was observed.
void degree_logits(const DegreeNetwork& network, std::size_t place, float* const* values,
                   float* logits);

/// Computes the units that become final with the x of `place`, which stands in values[0].
void degree_observe(const DegreeNetwork& network, std::size_t place, float* const* values);

}  // namespace kiln::simd
