#include "kiln/nn/adversarial/image_pool.h"

#include <torch/types.h>
#include <torch/utils.h>

namespace kiln {

ImagePool::ImagePool(std::int64_t most, std::int64_t channels, std::int64_t height,
                     std::int64_t width)
    : pictures_(register_buffer("pictures", torch::zeros({most, channels, height, width}))),
      held_(register_buffer("held", torch::zeros({}, torch::kInt64))) {}

std::int64_t ImagePool::held() const { return held_.item<std::int64_t>(); }

// Each picture takes two numbers, whether they are needed or not.
Tensor ImagePool::exchange(const Tensor& x, Rng& rng) {
  torch::NoGradGuard no_grad;
  const auto most = pictures_.size(0);
  if (most == 0) return x.detach();
  auto given = x.detach().clone();
  const auto coins = rng.uniform({x.size(0)}).cpu();
  const auto places = rng.integers(most, {x.size(0)}).cpu();
  for (std::int64_t i = 0; i < x.size(0); ++i) {
    if (held() < most) {
      pictures_[held()].copy_(x[i]);
      held_.add_(1);
    } else if (coins[i].item<float>() < .5f) {
      const auto place = places[i].item<std::int64_t>();
      given[i].copy_(pictures_[place]);
      pictures_[place].copy_(x[i]);
    }
  }
  return given;
}

}  // namespace kiln
