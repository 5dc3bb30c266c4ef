#pragma once

#include "kiln/core/tensor.h"

namespace kiln {

/// NADE's weights, and the pixel that each step visits.  D dims, H hidden.
struct NadeTensors {
  Tensor W;      ///< [D, H]: row d is added to a where pixel d is one (the paper's W transposed).
  Tensor V;      ///< [D, H]: row d makes the logit of pixel d.
  Tensor b;      ///< [D].
  Tensor c;      ///< [H].
  Tensor order;  ///< [D] int64 on the CPU: order[i] is the pixel visited at step i.
};

// Plain tensor versions of the functions of nade_scan.h: any device, any floating type, every
// derivative.  x [B, D] is used as it is, also when it is not binary.

/// Logits [B, D] of p(x_d = 1 | pixels before d), all steps at once: a = c + cumulative sum of x_d
/// W_d before d.  Memory B D H.
Tensor nade_logits_cumsum(const Tensor& x, const NadeTensors& nade);

/// The same by a loop over the steps, in memory B H per step.
Tensor nade_logits_loop(const Tensor& x, const NadeTensors& nade);

/// -log p(x) [B], nats: sum over d of softplus(l_d) - x_d l_d.
Tensor nade_nll_of_logits(const Tensor& x, const Tensor& logits);

/// Pixels [B, D], 1 where uniform < p; see nade_draw in nade_scan.h.
Tensor nade_draw_loop(const Tensor& uniform, const Tensor& given, double temperature,
                      const NadeTensors& nade);

}  // namespace kiln
