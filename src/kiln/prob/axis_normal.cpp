#include "kiln/prob/axis_normal.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>

namespace kiln {

Axes principal_axes(const Tensor& covariance) {
  const auto [rising, vectors] = at::linalg_eigh(covariance);
  const auto directions = vectors.flip(1);
  const auto largest = directions.gather(0, directions.abs().argmax(0, true));
  return {rising.flip(0), directions * largest.sign()};
}

// -1/2 [sum_j z_j^2 / l_j + |c - V z|^2 / r + sum_j ln l_j + (D - J) ln r + D ln 2 pi], c = x -
// mean, z = V^T c
Tensor AxisNormal::log_prob(const Tensor& x) const {
  const auto left = directions.size(0) - directions.size(1);
  const auto c = x - mean, z = c.matmul(directions);
  auto squares = (z.square() / variances).sum(1) + variances.log().sum() +
                 static_cast<double>(directions.size(0)) * std::log(2 * std::numbers::pi);
  if (left > 0)
    squares = squares + (c - z.matmul(directions.t())).square().sum(1) / rest +
              static_cast<double>(left) * rest.log();
  return -0.5 * squares;
}

// mean + C^(1/2) noise
Tensor AxisNormal::at_noise(const Tensor& noise) const {
  const auto other =
      directions.size(0) > directions.size(1) ? rest.sqrt() : torch::zeros_like(rest);
  const auto z = noise.matmul(directions) * (variances.sqrt() - other);
  return mean + other * noise + z.matmul(directions.t());
}

}  // namespace kiln
