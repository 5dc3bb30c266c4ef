#pragma once

#include <cstdint>

#include "kiln/core/tensor.h"
#include "kiln/nn/latent_path.h"

namespace kiln {

// Paths between latent codes. White 2016, arXiv:1609.04468.
// Shapes: B rows, J latents, T points of a path; a and b are [B, J] of one floating type.

/// (1 - t) a + t b -> [B, J]: the straight line.  Half-way between two draws of N(0, 1) the
/// variance is 1/2, a place where the prior has almost no mass.
Tensor lerp(const Tensor& a, const Tensor& b, double t);

/// sin((1 - t) W) / sin W a + sin(t W) / sin W b -> [B, J], with W the angle between the rows:
/// along the arc, so the norm is kept when both norms are equal.  Rows in one direction, and rows
/// of zeros, take the line.  Throws ConfigError for rows in opposite directions: no shortest arc
/// joins them.
Tensor slerp(const Tensor& a, const Tensor& b, double t);

/// T = `points` >= 2 equal steps from a to b, both included -> [B, T, J].
Tensor latent_path(LatentPath kind, const Tensor& a, const Tensor& b, std::int64_t points);

}  // namespace kiln
