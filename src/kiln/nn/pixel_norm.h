#pragma once

#include <ATen/ATen.h>

#include "kiln/core/tensor.h"

namespace kiln {

/// Pixelwise normalisation of feature vectors, Karras et al. 2018, arXiv:1710.10196, section 4.2:
/// b = a / sqrt(mean_c a_c^2 + 1e-8) at every place, [B, C, ...] -> the same.
inline Tensor pixel_norm(const Tensor& a) {
  return a * (a.square().mean(1, /*keepdim=*/true) + 1e-8).rsqrt();
}

}  // namespace kiln
