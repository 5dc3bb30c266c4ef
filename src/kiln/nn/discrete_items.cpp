#include "kiln/nn/discrete_items.h"

#include <fmt/format.h>
#include <torch/types.h>

#include "kiln/core/check.h"

namespace kiln {

DiscreteItems::DiscreteItems(std::string model, const DiscreteShape& s,
                             const std::vector<std::int64_t>& order)
    : model_(std::move(model)),
      shape_(s.items()),
      states_(checked(model_, s).states),
      order_(torch::tensor(order)),
      inverse_(inverse_ordering(order)) {
  shape_.check(model_);
  places_ = torch::tensor(inverse_);
}

Tensor DiscreteItems::visited(const char* function, const char* name, const Tensor& x) const {
  return shape_.flat(where(function), name, x)
      .detach()
      .to(torch::kCPU, torch::kFloat32)
      .index_select(1, order_)
      .contiguous();
}

void DiscreteItems::check_states(const char* function, const Tensor& x) const {
  const auto fits = x.ge(0).logical_and(x.lt(states_)).logical_and(x.eq(x.floor()));
  if (fits.all().item<bool>()) return;
  throw ConfigError(where(function),
                    fmt::format("x must hold whole numbers from 0 to {}, got {}", states_ - 1,
                                x.masked_select(fits.logical_not())[0].item<float>()));
}

Tensor DiscreteItems::natural(const Tensor& visited) const {
  return visited.index_select(1, places_);
}

}  // namespace kiln
