#pragma once

#include <cstddef>

/// Arithmetic of networks that make one number of many pictures at a time.  A "row" is one feature
/// map at one pixel, a number for each of L pictures, which fill the lanes of the vectors; L is a
/// multiple of kLaneUnit.  Sees no LibTorch.
///
/// What binds.  A pixel costs one column of work in every layer: some thousand multiply-adds for
/// each picture, by weights that all pictures share.  With pictures in the lanes each weight is
/// read once for a vector of them and no sum goes across lanes; what a picture gets does not depend
/// on who else is in the batch, to the last bit.
namespace kiln::simd {

inline constexpr std::size_t kLaneUnit = 16;    ///< L is a multiple of it.
inline constexpr std::size_t kLaneOutputs = 8;  ///< Outputs that are packed together.

/// out [N, L] = bias + sum over taps and inputs of weight * in; then max(0, .) if relu.
struct LaneProduct {
  std::size_t outputs;     ///< N.
  std::size_t inputs;      ///< K rows of each tap.
  std::size_t taps;        ///< T.
  const float* const* in;  ///< [T] pointers to [K, L].
  const float* weights;    ///< [ceil(N / 8), T K, 8], 0 beyond N.
  const float* bias;       ///< [N rounded up to 8], or null.
  const float* start;      ///< [N, L] that is added, or null; may be the output.
  bool relu;
};
void lane_product(const LaneProduct& product, std::size_t lanes, float* out);

/// out = max(0, in) of `count` numbers.
void lane_relu(const float* in, std::size_t count, float* out);

/// out = [ELU(in), ELU(-in)], 2 `count` numbers; ELU(a) is a above 0 and exp(a) - 1 below.
void lane_concat_elu(const float* in, std::size_t count, float* out);
/// out = ELU(in).
void lane_elu(const float* in, std::size_t count, float* out);

/// out = x + a sigmoid(b) of `count` numbers.
void lane_gate_add(const float* x, const float* a, const float* b, std::size_t count, float* out);

/// A step of an LSTM: gates before their functions, o, f, i, g, of which each begins `stride`
/// numbers behind the one before; `count` numbers of each:
/// c = sigmoid(f) c_before + sigmoid(i) tanh(g),   h = sigmoid(o) tanh(c).
void lane_lstm(const float* gates, std::size_t stride, const float* c_before, std::size_t count,
               float* c, float* h);

}  // namespace kiln::simd
