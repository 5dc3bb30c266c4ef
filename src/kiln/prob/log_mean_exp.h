#pragma once

#include <cstdint>

#include "kiln/core/tensor.h"

namespace kiln {

/// Running log of the mean of exponentials: ln (1/K) sum_k exp(v_k), in memory that does not grow
/// with K.  Differentiable: the gradient is the softmax of v.
class LogMeanExp {
 public:
  void add(const Tensor& values);                ///< [k, ...] more values, k >= 1.
  Tensor value() const;                          ///< [...]; call it after at least one add().
  std::int64_t count() const { return count_; }  ///< K so far.

 private:
  Tensor log_sum_;
  std::int64_t count_ = 0;
};

}  // namespace kiln
