#pragma once

#include "kiln/core/tensor.h"

namespace kiln {

/// log p(x) of independent Bernoulli numbers for K B rows of logits at once, nats: the fused twin
/// of bernoulli_log_prob in prob/.  B items, D numbers.
///
///   x [B, D] in {0, 1}, logits [..., B, D]  ->  sum_d x_d a_d - softplus(a_d), [..., B]
///
/// It reads the logits once and writes nothing of their size; its backward pass writes the gradient
/// of the logits and nothing else.  Its bits do not depend on the number of threads.  Throws
/// ShapeError for other shapes; asking for second derivatives throws ConfigError.
Tensor bernoulli_rows(const Tensor& x, const Tensor& logits);

/// Whether the kernel takes them: float32 on the CPU, at least one number, and no gradient for x.
bool bernoulli_rows_serves(const Tensor& x, const Tensor& logits);

}  // namespace kiln
