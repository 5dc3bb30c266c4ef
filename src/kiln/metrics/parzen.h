#pragma once

#include "kiln/core/tensor.h"

namespace kiln {

// Parzen-window estimate of the likelihood of a model that can only draw: Goodfellow et al. 2014,
// arXiv:1406.2661, after Breuleux et al. 2011.  For comparison with old figures only: in many
// dimensions it is far from log p(x) and ranks models wrongly.  Theis et al. 2016,
// arXiv:1511.01844.
//
// Shapes: n samples [n, D] of the model, m items x [m, D].  Nats, float64 on the CPU, in blocks of
// bounded memory.  Throws ShapeError unless both have D columns, and ConfigError unless all is
// finite, there is a sample, and every deviation is above 0.

/// log (1/n) sum_j N(x; s_j, sigma^2 I): [m].
Tensor parzen_log_density(const Tensor& samples, const Tensor& x, double sigma);

/// The sigma of `grid` [H] under which `valid`, items that are used for nothing else, have the
/// largest mean log density; the first such.  The papers' grids are logarithmic,
/// torch::logspace(-1, 0, 10) for grey levels in [0, 1].  A choice at an end asks for a wider grid.
/// Throws ConfigError for an empty grid or no items, too.
double parzen_bandwidth(const Tensor& samples, const Tensor& valid, const Tensor& grid);

}  // namespace kiln
