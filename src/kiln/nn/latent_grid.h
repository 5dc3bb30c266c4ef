#pragma once

#include <cstdint>
#include <vector>

#include "kiln/core/tensor.h"

namespace kiln {

// Places in the space of codes at which a decoder is shown.
// Shapes: J latents, T steps, L latents that move.

/// The n x n grid of a manifold's picture, u = ((column + .5) / n, (row + .5) / n), from the top
/// row to the bottom one, where the second coordinate is least: [n n, 2], float64, all in (0, 1).
/// Kingma & Welling 2014, arXiv:1312.6114, fig. 4: the prior's inverse distribution function maps
/// it to codes.  Throws ConfigError unless n is positive.
Tensor grid_quantiles(std::int64_t n);

/// One latent at a time takes its T values, the others stay as they are in `base`: rows L T x J,
/// the T steps of latents[0] first.  base [J], values [T, J].  Throws ShapeError, or ConfigError
/// for a latent that does not exist.
Tensor traversal(const Tensor& base, const std::vector<std::int64_t>& latents,
                 const Tensor& values);

}  // namespace kiln
