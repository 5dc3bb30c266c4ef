#include "kiln/nn/adversarial/critic_mix.h"

#include <torch/types.h>

namespace kiln {

std::vector<std::pair<CriticMix, std::string_view>> enum_names(CriticMix) {
  return {{CriticMix::mean, "mean"}, {CriticMix::max, "max"}, {CriticMix::softmax, "softmax"}};
}

Tensor mixed_loss(const Tensor& losses, CriticMix mix, double sharpness) {
  if (mix == CriticMix::mean) return losses.mean();
  if (mix == CriticMix::max) return losses.max();
  return (at::softmax((sharpness * losses).detach(), 0) * losses).sum();
}

}  // namespace kiln
