#include "kiln/nn/adversarial/conv_critic.h"

#include <torch/types.h>

#include "kiln/kernels/convolution.h"
#include "kiln/nn/conv_halvings.h"
#include "kiln/nn/strided_trunk.h"

namespace kiln {

ConvCritic::ConvCritic(const ConvCriticOptions& o)
    : CriticNetwork(o.settings), halvings_(conv_halvings(o.side, o.side)) {
  for (std::int64_t i = 0; i < halvings_; ++i)
    add_layer({filters_at(o.filters, i),
               i == 0 ? o.channels + concatenated() : filters_at(o.filters, i - 1), 4, 4},
              hidden_gain());
  const auto last = o.side >> halvings_;
  add_head(filters_at(o.filters, halvings_ - 1) * last * last);
}

Tensor ConvCritic::trunk(const std::vector<Tensor>& all, const Tensor& x) const {
  auto h = x;
  for (std::size_t i = 0; i < static_cast<std::size_t>(halvings_); ++i)
    h = at::leaky_relu(convolution2d(h, used(all, i), all[2 * i + 1], /*stride=*/2, /*padding=*/1),
                       settings().slope);
  return h.flatten(1);
}

Tensor ConvCritic::beside(const Tensor& x, const Tensor& y) const {
  const auto maps = y.view({y.size(0), y.size(1), 1, 1});
  return torch::cat({x, maps.expand({-1, -1, x.size(2), x.size(3)})}, 1);
}

}  // namespace kiln
