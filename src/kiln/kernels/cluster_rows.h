#pragma once

#include "kiln/core/tensor.h"

namespace kiln {

/// Of rows about their nearest centres: K centres, D numbers.
struct ClusteredRows {
  Tensor index;     ///< [B] int64: the nearest centre, the first of equally near ones.
  Tensor distance;  ///< [B]: |x - c|^2 of it; not finite where x is not.
  Tensor counts;    ///< [K]: rows of each centre.
  Tensor sums;      ///< [K, D]: of x - c over them.
};

/// What a pass of k-means asks of a batch, in one go: the fused twin of nearest_centre and
/// cluster_sums in prob/.  x [B, D] float32, centres [K, D] float64; all results in float64.
///
/// Distances are sums of squared differences, so nothing cancels; x is widened row by row, and
/// nothing of size B K is stored.  The bits do not depend on the number of threads.
ClusteredRows cluster_rows(const Tensor& x, const Tensor& centres);

/// Whether the kernel takes them: float32 and float64 on the CPU, at least one row.
bool cluster_rows_serves(const Tensor& x, const Tensor& centres);

}  // namespace kiln
