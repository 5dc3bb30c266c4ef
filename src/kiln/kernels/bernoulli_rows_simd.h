#pragma once

#include <cstddef>

/// The vector code under bernoulli_rows.h.  Sees no LibTorch; picks AVX-512, AVX2, SSE4 or plain
/// code when the program runs.
///
/// With m = max(a, 0) and e = exp(-|a|), softplus(a) = m + log(1 + e), and sums of logarithms are
/// logarithms of products: every factor 1 + e lies in [1, 2], so hundreds of them fit a double and
/// a row costs one logarithm instead of one per number.
namespace kiln::simd {

/// All arrays are row-major and belong to the caller.  Row r of the logits is of item r % items.
struct BernoulliRows {
  const float* x;       ///< [items, dims].
  const float* logits;  ///< [rows, dims].
  std::size_t items, dims;
};

/// sum_d x_d a_d - softplus(a_d) of rows first .. last - 1: log_prob [rows].
void bernoulli_log_prob(const BernoulliRows& rows, std::size_t first, std::size_t last,
                        float* log_prob);

/// weight_r (x_d - sigmoid(a_d)): weight [rows], gradient [rows, dims].
void bernoulli_gradient(const BernoulliRows& rows, const float* weight, std::size_t first,
                        std::size_t last, float* gradient);

}  // namespace kiln::simd
