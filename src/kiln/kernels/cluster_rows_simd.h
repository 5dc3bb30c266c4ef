#pragma once

#include <cstddef>
#include <cstdint>

/// The vector code under cluster_rows.h.  Sees no LibTorch; picks AVX-512, AVX2, SSE4 or plain code
/// when the program runs.
namespace kiln::simd {

/// All arrays are row-major and belong to the caller.
struct ClusterRows {
  const float* x;         ///< [rows, dims].
  const double* centres;  ///< [clusters, stride], zeros beyond dims.
  std::size_t dims, clusters, stride;
};

/// Numbers between two rows of centres and of sums: dims, filled up to whole vectors.
std::size_t cluster_rows_stride(std::size_t dims);

/// For rows first .. last - 1 the nearest centre, the first of equally near ones, and the square of
/// its distance: index and distance [rows].
void nearest_rows(const ClusterRows& rows, std::size_t first, std::size_t last, std::int64_t* index,
                  double* distance);

/// Adds x - c of every row to its centre's place in sums [clusters, stride], in the order of the
/// rows, for the numbers from `first` to `last` - 1 of an item alone.
void add_rows(const ClusterRows& rows, std::size_t count, const std::int64_t* index,
              std::size_t first, std::size_t last, double* sums);

}  // namespace kiln::simd
