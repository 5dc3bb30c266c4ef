#include "kiln/prob/bernoulli.h"

#include <ATen/ATen.h>

namespace kiln {

// x a - ln(1 + e^a), where ln(1 + e^a) = -ln sigmoid(-a)
Tensor bernoulli_log_prob(const Tensor& x, const Tensor& logits) {
  return (x * logits + at::log_sigmoid(-logits)).sum(-1);
}

Tensor bernoulli_log_probs(const Tensor& x, const Tensor& logits) {
  return x * logits - at::softplus(logits);
}

Tensor log_odds(const Tensor& probs, double margin) {
  return torch::logit(probs.clamp(margin, 1 - margin));
}

}  // namespace kiln
