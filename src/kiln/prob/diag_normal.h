#pragma once

#include "kiln/core/rng.h"
#include "kiln/core/tensor.h"

namespace kiln {

/// Normal law with a diagonal covariance over the last dimension.
///
/// Shapes: J coordinates.  `mean` and `log_var` are [..., J] or broadcast to it.  Densities are in
/// nats.
struct DiagNormal {
  Tensor mean;     ///< [..., J].
  Tensor log_var;  ///< Logarithm of the variance, so that any real number is legal.

  Tensor at_noise(const Tensor& noise) const;  ///< mean + std * noise, [..., J].
  Tensor rsample(Rng& rng) const;              ///< One draw, [..., J]; gradients pass through it.
  Tensor log_prob(const Tensor& x) const;      ///< x [..., J] -> [...].
  Tensor log_prob_at_noise(const Tensor& noise) const;  ///< log_prob(at_noise(noise)), [...].
  Tensor kl_to_standard_each() const;                   ///< Of each coordinate, [..., J].
  Tensor kl_to_standard() const;                ///< KL(this || N(0, I)), [...], closed form.
  Tensor kl_to(const DiagNormal& other) const;  ///< KL(this || other), [...], closed form.
};

/// The law whose density is proportional to the product of two densities.  Its precision is the sum
/// of theirs, and its mean is theirs weighted by their precisions.
DiagNormal product(const DiagNormal& a, const DiagNormal& b);

/// log N(x; 0, I), summed over the last dimension: [..., J] -> [...].
Tensor standard_normal_log_prob(const Tensor& x);

}  // namespace kiln
