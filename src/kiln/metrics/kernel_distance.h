#pragma once

#include <cstdint>

#include "kiln/core/rng.h"
#include "kiln/core/tensor.h"
#include "kiln/metrics/estimate.h"

namespace kiln {

struct KernelDistanceOptions {
  std::int64_t subsets = 100;
  std::int64_t subset_size = 1000;  ///< Items of each set; never more than the smaller set has.
};

/// Kernel distance of two sets of features, a [N, F] and b [M, F], in float64: the mean over random
/// subsets, drawn without replacement, of the unbiased squared MMD under k(x, y) = (<x, y> / F +
/// 1)^3. Binkowski et al. 2018, arXiv:1801.01401; with the features of Inception-v3 it is the KID.
/// 0 in expectation for equal laws whatever N and M; a value may be negative.
///
/// The standard error is that over the subsets, deviation / sqrt(subsets): it takes them for
/// independent, and so is too small where subsets * subset_size is more than the sets hold. Where
/// a subset takes in both sets there is one, and its error is NaN.  `items` is the number of
/// subsets.  Throws ShapeError, and ConfigError for a number that is not finite, for fewer than two
/// items or a subset of fewer than two, or no subset.
Estimate kernel_distance(const Tensor& a, const Tensor& b, const KernelDistanceOptions& options,
                         Rng& rng);

}  // namespace kiln
