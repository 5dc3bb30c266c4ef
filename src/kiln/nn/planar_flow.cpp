#include "kiln/nn/planar_flow.h"

#include <torch/types.h>

namespace kiln {
namespace {

constexpr double kLeastDeterminant = 1e-6;  // keeps the logarithm finite where float32 rounds to 0

// m(w^T u) = w^T u^, [B, 1].
Tensor projection(const Tensor& w, const Tensor& u) {
  return torch::softplus((w * u).sum(-1, true)) - 1;
}

}  // namespace

Tensor planar_direction(const Tensor& w, const Tensor& u) {
  const auto along = (w * u).sum(-1, true);
  const auto square = w.pow(2).sum(-1, true).clamp_min(1e-12);
  return u + (projection(w, u) - along) * w / square;
}

// det = 1 + u^^T psi(z), psi(z) = (1 - tanh^2) w, and u^^T w is the projection.
FlowResult planar_flow(const Tensor& z, const Tensor& w, const Tensor& u, const Tensor& b) {
  const auto t = torch::tanh((z * w).sum(-1, true) + b);
  const auto determinant = 1 + (1 - t.pow(2)) * projection(w, u);
  return {z + planar_direction(w, u) * t,
          torch::log(determinant.clamp_min(kLeastDeterminant)).squeeze(-1)};
}

}  // namespace kiln
