#pragma once

#include "kiln/core/tensor.h"

namespace kiln {

/// Where a map takes z, and log |det dz'/dz|.
struct FlowResult {
  Tensor z;        ///< [..., J].
  Tensor log_det;  ///< [...], nats.
};

/// f(z) = z + u^ tanh(w^T z + b), where u^ = u + (m(w^T u) - w^T u) w / |w|^2 and
/// m(a) = -1 + softplus(a), so that w^T u^ > -1 and f can be undone.  Rezende & Mohamed 2015,
/// arXiv:1505.05770, eq. (10) to (12) and appendix A.1.
///
/// z [..., B, J]; w, u [B, J], b [B, 1]: a map for each item, the same for all of its draws.
FlowResult planar_flow(const Tensor& z, const Tensor& w, const Tensor& u, const Tensor& b);

Tensor planar_direction(const Tensor& w, const Tensor& u);  ///< u^, [B, J].

}  // namespace kiln
