#pragma once

#include <torch/autograd.h>
#include <torch/types.h>

#include <functional>

#include "kiln/core/tensor.h"

namespace kiln {

/// d f(x)_i / d x_j of a map of one row [J] -> [J], by autograd, float64.
inline Tensor jacobian_of(const std::function<Tensor(const Tensor&)>& f, const Tensor& x) {
  const auto at = x.detach().clone().set_requires_grad(true);
  const auto y = f(at);
  std::vector<Tensor> rows;
  for (std::int64_t i = 0; i < y.size(0); ++i)
    rows.push_back(torch::autograd::grad({y[i]}, {at}, {}, true)[0]);
  return torch::stack(rows);
}

}  // namespace kiln
