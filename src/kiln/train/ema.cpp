#include "kiln/train/ema.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

namespace kiln {

Ema::Ema(std::vector<NamedTensor> parameters, double decay)
    : parameters_(std::move(parameters)), decay_(decay) {
  for (const auto& entry : parameters_) averages_.push_back(entry.tensor.detach().clone());
}

void Ema::update() {
  torch::NoGradGuard no_grad;
  const auto t = static_cast<double>(updates_++);
  const double decay = std::min(decay_, (1 + t) / (10 + t));
  for (std::size_t i = 0; i < averages_.size(); ++i)
    averages_[i].lerp_(parameters_[i].tensor.detach(), 1 - decay);
}

void Ema::swap() {
  torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < averages_.size(); ++i) {
    const auto held = parameters_[i].tensor.detach().clone();
    parameters_[i].tensor.copy_(averages_[i]);
    averages_[i].copy_(held);
  }
}

std::vector<NamedTensor> Ema::state() const {
  std::vector<NamedTensor> list;
  for (std::size_t i = 0; i < averages_.size(); ++i)
    list.push_back({parameters_[i].name, averages_[i]});
  return list;
}

}  // namespace kiln
