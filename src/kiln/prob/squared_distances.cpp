#include "kiln/prob/squared_distances.h"

#include <ATen/ATen.h>

namespace kiln {

// |a|^2 - 2 <a, b> + |b|^2.  No distance depends on the middle, so no gradient passes through it.
Tensor squared_distances(const Tensor& a, const Tensor& b) {
  const auto middle = b.detach().mean(0), x = a - middle, y = b - middle;
  const auto squares = at::addmm(y.square().sum(1).unsqueeze(0), x, y.t(), 1, -2);
  return (squares + x.square().sum(1, true)).clamp_min(0);
}

}  // namespace kiln
