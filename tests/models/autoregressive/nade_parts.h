#pragma once

#include <torch/utils.h>

#include <string>

#include "kiln/models/autoregressive/nade.h"

namespace kiln {

/// Every parameter from N(0, scale^2).
inline void randomise(Nade& nade, double scale, std::uint64_t seed) {
  torch::NoGradGuard no_grad;
  Rng rng(seed);
  for (auto& p : nade.parameters()) p.copy_(rng.normal(p.sizes()) * scale);
}

inline Tensor parameter(Nade& nade, const std::string& name) {
  return nade.named_parameters()[name];
}

}  // namespace kiln
