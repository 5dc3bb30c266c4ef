#pragma once

#include <torch/nn/module.h>

#include <cstdint>

#include "kiln/core/tensor.h"

namespace kiln {

/// Mean and scatter S = sum (x - mean)(x - mean)^T of a stream of items, in float64.  A batch of n
/// items joins N earlier ones by Chan, Golub & LeVeque 1979: with delta = its mean - mean,
///
///   mean += delta n / (N + n),   S += the batch's own S + delta delta^T N n / (N + n)
///
/// so that nothing is lost when the mean is far larger than the deviations.  B batch, D numbers an
/// item.  Everything lives in buffers, so that a checkpoint in the middle of a pass holds it.
class RunningMoments : public torch::nn::Module {
 public:
  /// What is kept of S: `columns` = 0: its diagonal [D]; D: all of it [D, D]; m < D: its product
  /// with given directions, [D, m].
  RunningMoments(std::int64_t dims, std::int64_t columns);

  void clear();
  /// x [B, D] float64, B >= 1; directions [D, m], the same in every call, or undefined for all of S
  /// or its diagonal.
  void add(const Tensor& x, const Tensor& directions = {});

  std::int64_t count() const;                   ///< N.
  const Tensor& mean() const { return mean_; }  ///< [D].
  Tensor covariance() const;      ///< S / N, or what is kept of it; 0 before any item.
  double total_variance() const;  ///< tr S / N.

 private:
  Tensor count_, mean_, scatter_, trace_;
};

}  // namespace kiln
