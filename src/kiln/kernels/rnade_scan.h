#pragma once

#include "kiln/core/tensor.h"
#include "kiln/kernels/rnade_scan_twin.h"

namespace kiln {

/// -log p(x) [B], nats, of RNADE in x's own (standardised) units.  x [B, D], finite.  Gradients
/// reach W, rho, c, V and b (and x, by the twin).  float32 on the CPU runs a fused kernel whose
/// bits do not depend on the number of threads; anything else runs the twin.  The result is finite
/// for finite weights whose heads are finite.  Throws ConfigError where x is not finite; asking the
/// kernel for second derivatives throws too.
Tensor rnade_nll(const Tensor& x, const RnadeTensors& rnade, const RnadeLaw& law);

}  // namespace kiln
