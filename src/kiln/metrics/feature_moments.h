#pragma once

#include <cstdint>

#include "kiln/core/running_moments.h"
#include "kiln/core/tensor.h"

namespace kiln {

/// Mean and covariance of features that come in batches, in float64 on the CPU: all that a Frechet
/// distance needs of a set, in O(F^2) memory.  The set may be cut into batches in any way and
/// order; nothing is lost when the mean is far larger than the deviations.  N items, F features.
class FeatureMoments {
 public:
  explicit FeatureMoments(std::int64_t features);  ///< F.  Throws ConfigError unless positive.
  FeatureMoments(FeatureMoments&&) = default;      // a copy would share its sums
  FeatureMoments& operator=(FeatureMoments&&) = default;

  /// batch [n, F], n >= 0, of any type and device.  Throws ShapeError, and ConfigError for a number
  /// that is not finite; the moments are then what they were.
  void add(const Tensor& batch);

  std::int64_t features() const { return moments_.mean().size(0); }  ///< F.
  std::int64_t count() const { return moments_.count(); }            ///< N.
  const Tensor& mean() const { return moments_.mean(); }             ///< [F]; 0 before any item.
  /// sum (x - mean)(x - mean)^T / (N - 1), [F, F].  Throws ConfigError for fewer than two items.
  Tensor covariance() const;

 private:
  RunningMoments moments_;
};

}  // namespace kiln
