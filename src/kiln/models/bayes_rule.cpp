#include "kiln/models/bayes_rule.h"

#include <torch/types.h>

#include <cmath>

namespace kiln {

Tensor bayes_logits(Likelihood& model, const Batch& batch, const Tensor& log_shares) {
  const auto items = batch.x.size(0), classes = log_shares.size(0);
  std::vector<Tensor> columns;
  for (std::int64_t y = 0; y < classes; ++y) {
    const auto labels = torch::full({items}, y, batch.x.options().dtype(torch::kInt64));
    columns.push_back(model.log_prob({batch.x, labels}) + log_shares[y]);
  }
  return torch::stack(columns, 1);
}

Tensor log_shares_of(const Tensor& class_shares, std::int64_t classes) {
  constexpr double kLeast = 1e-6;  // of a class that was not among the items counted
  if (!class_shares.defined())
    return torch::full({classes}, -std::log(static_cast<double>(classes)));
  return class_shares.clamp_min(kLeast).log().to(torch::kFloat32);
}

}  // namespace kiln
