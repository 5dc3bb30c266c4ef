#pragma once

#include "kiln/core/tensor.h"

namespace kiln {

/// Eigenvalues and eigenvectors of a symmetric matrix.
struct Axes {
  Tensor variances;   ///< [D], falling.
  Tensor directions;  ///< [D, D], columns of length 1; the largest entry of each is positive.
};

Axes principal_axes(const Tensor& covariance);  ///< [D, D] float64.

/// Normal law given by its principal axes: N(mean, V diag(variances) V^T + rest (I - V V^T)).
///
/// D numbers, J axes, B batch.  With J = D this is any normal law and `rest` does not count; with
/// J < D all other directions share one variance, as in probabilistic PCA, and nothing of size
/// D x D is made.  Densities are in nats.
struct AxisNormal {
  Tensor mean;        ///< [D].
  Tensor directions;  ///< V [D, J], V^T V = I.
  Tensor variances;   ///< [J], above 0.
  Tensor rest;        ///< [1], above 0.

  Tensor log_prob(const Tensor& x) const;      ///< [B, D] -> [B].
  Tensor at_noise(const Tensor& noise) const;  ///< [B, D] of N(0, I) -> [B, D] of this law.
};

}  // namespace kiln
