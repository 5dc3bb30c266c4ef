#pragma once

#include "kiln/core/tensor.h"

namespace kiln {

// How like two pictures are, pair by pair, in float64.  Shapes: a, b [B, C, H, W], of any type,
// with numbers that span `range`: 1 for [0, 1], 2 for [-1, 1], 255 for bytes.  Each throws
// ShapeError unless both have one shape, and ConfigError unless range is positive.

/// Peak signal-to-noise ratio, decibels: 10 log10(range^2 / mean (a - b)^2) -> [B]; infinite for
/// equal pictures.
Tensor psnr(const Tensor& a, const Tensor& b, double range);

/// Structural similarity -> [B], at most 1, which equal pictures have. Wang, Bovik, Sheikh &
/// Simoncelli 2004, IEEE Trans. Image Processing 13:600, eq. (13):
///
///   (2 m_a m_b + C1) (2 s_ab + C2) / ((m_a^2 + m_b^2 + C1) (s_a^2 + s_b^2 + C2))
///
/// with C1 = (.01 range)^2, C2 = (.03 range)^2 and the moments under a Gaussian window of 11 x 11
/// pixels and deviation 1.5, averaged over channels and all windows that lie in the picture. Throws
/// ShapeError for pictures that have none.
Tensor ssim(const Tensor& a, const Tensor& b, double range);

}  // namespace kiln
