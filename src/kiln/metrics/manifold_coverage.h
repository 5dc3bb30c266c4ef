#pragma once

#include <cstdint>

#include "kiln/core/tensor.h"

namespace kiln {

struct ManifoldCoverageOptions {
  std::int64_t precision_k = 3;  ///< Neighbours that span a ball of precision and recall.
  std::int64_t coverage_k = 5;   ///< Of density and coverage.
};

struct ManifoldCoverage {
  double precision = 0;  ///< Share of the fakes that lie in a real item's ball.
  double recall = 0;     ///< Share of the real items that lie in a fake's ball.
  double density = 0;    ///< Real items' balls around a fake, in the mean, over k; may exceed 1.
  double coverage = 0;   ///< Share of the real items with a fake in their ball.
};

/// How far the regions that two sets of features take up are one. real [N, F], fake [M, F]; an
/// item's ball reaches to its k-th nearest other item of its own set, and what lies on the edge is
/// inside. Precision and recall: Kynkaanniemi et al. 2019, arXiv:1904.06991; density and coverage:
/// Naeem et al. 2020, arXiv:2002.09797.
///
/// Two sets of one law have E density = 1 and E coverage = 1 - (N-1)...(N-k) / ((N+M-1)...(N+M-k)).
///
/// In float64, in O((N + M)^2 F) time; the pairs are taken in blocks of rows.  Squared distances
/// that differ by less than their rounding count as equal.  Throws ShapeError, and ConfigError for
/// a number that is not finite or unless each set has more than k items.
ManifoldCoverage manifold_coverage(const Tensor& real, const Tensor& fake,
                                   const ManifoldCoverageOptions& options = {});

}  // namespace kiln
