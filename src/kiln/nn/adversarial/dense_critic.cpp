#include "kiln/nn/adversarial/dense_critic.h"

#include <torch/types.h>

namespace kiln {

DenseCritic::DenseCritic(const DenseCriticOptions& o)
    : CriticNetwork(o.settings), inputs_(o.inputs + concatenated()), layers_(o.layers) {
  for (std::int64_t i = 0; i < layers_; ++i)
    add_layer({o.hidden, i == 0 ? inputs_ : o.hidden}, hidden_gain());
  add_head(o.hidden);
}

bool DenseCritic::is_plain() const {
  const auto& s = settings();
  return !s.spectral_norm && !s.minibatch_deviation && concatenated() == s.classes;
}

Tensor DenseCritic::input(const Tensor& x, const Tensor& y) const {
  return concatenated() > 0 ? beside(x, y) : x.flatten(1);
}

Tensor DenseCritic::trunk(const std::vector<Tensor>& all, const Tensor& x) const {
  auto h = x.flatten(1);
  for (std::size_t i = 0; i < static_cast<std::size_t>(layers_); ++i)
    h = at::leaky_relu(at::linear(h, used(all, i), all[2 * i + 1]), settings().slope);
  return h;
}

Tensor DenseCritic::beside(const Tensor& x, const Tensor& y) const {
  return torch::cat({x.flatten(1), y}, 1);
}

}  // namespace kiln
