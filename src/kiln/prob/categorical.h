#pragma once

#include "kiln/core/tensor.h"

namespace kiln {

/// log p(x) of one of Q states: logits [..., Q], x [...] of whole numbers 0 .. Q - 1 -> [...],
/// nats.
Tensor categorical_log_prob(const Tensor& logits, const Tensor& x);

/// The state that a uniform number picks: the smallest v with u < P(X <= v).  logits [..., Q],
/// uniform [...] in [0, 1) -> [...] in the logits' type.
Tensor categorical_quantile(const Tensor& logits, const Tensor& uniform);

}  // namespace kiln
