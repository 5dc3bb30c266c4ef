#pragma once

#include <cstddef>
#include <cstdint>

/// The vector code under nn/masked_linear.h.  Sees no LibTorch; picks the instruction set when the
/// program runs.
namespace kiln::simd {

/// kept[r, k] = weights[r, k] where inputs[k] <= limits[r], else 0, for the rows first <= r < last.
/// weights and kept are [rows, columns], row-major.
void keep_by_degree(const float* weights, const std::int32_t* limits, const std::int32_t* inputs,
                    std::size_t columns, std::size_t first, std::size_t last, float* kept);

}  // namespace kiln::simd
