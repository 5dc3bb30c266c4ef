#pragma once

#include <cstdint>

#include "kiln/models/model.h"

namespace kiln {

/// A model of latent variables z ~ N(0, I) whose p(x|z) can be asked for at any z, with gradients
/// in z: what estimates of log p(x) without an encoder need.  Shapes: B items, J latent variables.
/// Where a model takes a label, p is given it, and z is without it.  No item looks at another's z.
class LatentJoint {
 public:
  virtual ~LatentJoint() = default;
  virtual std::int64_t latent_size() const = 0;  ///< J.
  /// log p(x_b|z), nats: z [..., B, J] -> [..., B].
  virtual Tensor log_likelihood(const Batch& batch, const Tensor& z) = 0;
  /// x_b ~ p(x|z_b), in the shape of Batch::x: z [B, J], labels [B] or undefined.
  virtual Tensor draw_given(const Tensor& z, const Tensor& labels, Rng& rng) = 0;
};

}  // namespace kiln
