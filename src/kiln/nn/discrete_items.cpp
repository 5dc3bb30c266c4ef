#include "kiln/nn/discrete_items.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "kiln/core/check.h"

namespace kiln {

DiscreteItems::DiscreteItems(std::string model, const DiscreteShape& s, Ordering ordering,
                             std::int64_t ordering_seed)
    : model_(std::move(model)), shape_(checked(model_, s)) {
  if (s.channels > 0 && s.channels * s.height * s.width != s.data_dim)
    throw ConfigError(model_, fmt::format("data_dim must be channels * height * width = {}, got {}",
                                          s.channels * s.height * s.width, s.data_dim));
  const auto image =
      s.channels > 0 ? ImageShape{s.channels, s.height, s.width} : ImageShape{1, 1, s.data_dim};
  const auto order = make_ordering(ordering, image, static_cast<std::uint64_t>(ordering_seed));
  inverse_ = inverse_ordering(order);
  order_ = torch::tensor(order);
  places_ = torch::tensor(inverse_);
}

Tensor DiscreteItems::visited(const char* function, const char* name, const Tensor& x) const {
  if (shape_.channels > 0 && x.defined() && x.dim() != 2)
    check_shape(where(function), name, x, {kAny, shape_.channels, shape_.height, shape_.width});
  else
    check_shape(where(function), name, x, {kAny, shape_.data_dim});
  return x.detach()
      .reshape({x.size(0), shape_.data_dim})
      .to(torch::kCPU, torch::kFloat32)
      .index_select(1, order_)
      .contiguous();
}

void DiscreteItems::check_states(const char* function, const Tensor& x) const {
  const auto fits = x.ge(0).logical_and(x.lt(shape_.states)).logical_and(x.eq(x.floor()));
  if (fits.all().item<bool>()) return;
  throw ConfigError(where(function),
                    fmt::format("x must hold whole numbers from 0 to {}, got {}", shape_.states - 1,
                                x.masked_select(fits.logical_not())[0].item<float>()));
}

Tensor DiscreteItems::natural(const Tensor& visited) const {
  return visited.index_select(1, places_);
}

Tensor DiscreteItems::shaped(const Tensor& x) const {
  if (shape_.channels == 0) return x;
  return x.reshape({x.size(0), shape_.channels, shape_.height, shape_.width});
}

}  // namespace kiln
