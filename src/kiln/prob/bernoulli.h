#pragma once

#include "kiln/core/tensor.h"

namespace kiln {

/// log p(x) of independent Bernoulli variables, summed over the last dimension.  Nats.
///
/// x [..., D] in {0, 1}, logits [..., D] (they broadcast) -> [...].  Exact for any finite logit.
Tensor bernoulli_log_prob(const Tensor& x, const Tensor& logits);

/// The same for each number alone, x l - softplus(l) with logits l: [...] -> [...].
Tensor bernoulli_log_probs(const Tensor& x, const Tensor& logits);

/// log-odds ln(p / (1 - p)) with p first moved into [margin, 1 - margin], so that it is finite.
Tensor log_odds(const Tensor& probs, double margin);

}  // namespace kiln
