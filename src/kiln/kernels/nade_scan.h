#pragma once

#include "kiln/core/tensor.h"
#include "kiln/kernels/nade_scan_twin.h"

namespace kiln {

// NADE's scan over the pixels for binary x.  float32 on the CPU runs a fused kernel that works only
// after pixels that are one; anything else runs the twin.  The kernel's bits do not depend on the
// number of threads.  B batch, D dims.

/// -log p(x) [B], nats.  x [B, D], 0 or 1.  Gradients reach W, V, b and c (and x, by the twin).
/// Throws ConfigError unless x is binary; asking the kernel for second derivatives throws too.
Tensor nade_nll(const Tensor& x, const NadeTensors& nade);

/// Draws pixels in visiting order: [B, D] of 0 and 1 in W's type, x_d = 1 if uniform_d < p(x_d = 1
/// | pixels before d), logits divided by `temperature` > 0.  No gradient. uniform [B, D] float32 in
/// [0, 1).  given [B, D] uint8 or undefined: 0 and 1 are kept, 2 is drawn.
Tensor nade_draw(const Tensor& uniform, const Tensor& given, double temperature,
                 const NadeTensors& nade);

}  // namespace kiln
