#pragma once

#include "kiln/core/tensor.h"

namespace kiln {

/// Which inputs k each unit r of a layer may see, told by degrees:
///
///   M[r, k] = 1 if outputs[r] >= inputs[k]     (strict: outputs[r] > inputs[k]), else 0
///
/// Germain et al. 2015, arXiv:1502.03509, equations 13 to 15.  A mask that is made of degrees needs
/// no memory of its own, whatever the size of the layer and the number of mask sets.
struct DegreeMask {
  Tensor outputs;       ///< [R] int32.
  Tensor inputs;        ///< [K] int32, on the same device.
  bool strict = false;  ///< For the layer that makes the logits, and for direct connections.

  Tensor dense() const;  ///< M, [R, K] bool.
};

/// W * M, elementwise: [R, K].  The mask stands in the forward pass, so whatever an optimiser does
/// to a masked weight (decay, momentum, a loaded file) never reaches an output, and its gradient is
/// exactly 0.  Throws ShapeError unless W is [R, K].
Tensor masked_weight(const Tensor& weight, const DegreeMask& mask);

/// x (W * M)^T + b.  x [B, K], weight [R, K], bias [R] or undefined -> [B, R].
Tensor masked_linear(const Tensor& x, const Tensor& weight, const Tensor& bias,
                     const DegreeMask& mask);

}  // namespace kiln
