#pragma once

#include <cstdint>

#include "kiln/core/philox.h"
#include "kiln/core/tensor.h"

namespace kiln {

// N points, K centres, D numbers each; everything in float64.

struct Nearest {
  Tensor index;     ///< [N] int64.
  Tensor distance;  ///< [N], |x - c_index|^2; exactly 0 at a centre.
};

Nearest nearest_centre(const Tensor& x, const Tensor& centres);

struct ClusterSums {
  Tensor counts;  ///< [K] float64.
  Tensor sums;    ///< [K, D].
};

/// How many rows of x [N, D] go to each of K clusters, and their sums.
ClusterSums cluster_sums(const Tensor& x, const Tensor& index, std::int64_t clusters);

/// k-means++: K of the points [N, D], N >= 1.  The first is uniform, each next one is x_i with
/// probability D(x_i)^2 / sum, D the distance to the nearest centre so far; uniform where every
/// point is a centre already.  Arthur & Vassilvitskii 2007, SODA: the expected inertia is at most
/// 8 (ln K + 2) times the least.
Tensor plus_plus(const Tensor& points, std::int64_t clusters, Philox& random);

/// Lloyd's passes over points in memory, at most `passes`: each centre moves to the mean of its
/// points; one without points stays.
Tensor lloyd(const Tensor& points, Tensor centres, std::int64_t passes);

}  // namespace kiln
