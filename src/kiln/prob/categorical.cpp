#include "kiln/prob/categorical.h"

#include <torch/types.h>

namespace kiln {

Tensor categorical_log_prob(const Tensor& logits, const Tensor& x) {
  const auto index = x.to(torch::kInt64).unsqueeze(-1);
  return torch::log_softmax(logits, -1).gather(-1, index).squeeze(-1);
}

// The last state takes what rounding leaves of the sum.
Tensor categorical_quantile(const Tensor& logits, const Tensor& uniform) {
  const auto below = torch::softmax(logits, -1).cumsum(-1).narrow(-1, 0, logits.size(-1) - 1);
  return below.le(uniform.unsqueeze(-1)).sum(-1).to(logits.scalar_type());
}

}  // namespace kiln
