#pragma once

#include <cstdint>

#include "kiln/core/tensor.h"

namespace kiln {

struct InceptionScore {
  double mean = 0;
  double deviation = 0;  ///< sqrt of the mean squared deviation over the splits; 0 for one.
};

/// exp(E_x KL(p(y|x) || p(y))), in [1, K], of each of `splits` runs of consecutive items, p(y)
/// being the mean over the run's own items. Salimans et al. 2016, arXiv:1606.03498.
///
/// probs [N, K]: a classifier's probabilities p(y|x) of each item.  In float64.  Throws ShapeError,
/// and ConfigError unless 1 <= splits <= N and each row is a distribution.
InceptionScore inception_score(const Tensor& probs, std::int64_t splits = 10);

}  // namespace kiln
