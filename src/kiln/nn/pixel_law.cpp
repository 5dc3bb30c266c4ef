#include "kiln/nn/pixel_law.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "kiln/nn/masked_conv.h"
#include "kiln/prob/bernoulli.h"
#include "kiln/prob/categorical.h"

namespace kiln {

Tensor PixelLaw::scaled(const Tensor& x) const {
  return x * (2.0 / static_cast<double>(states_ - 1)) - 1;
}

float PixelLaw::scaled(std::int64_t state) const {
  return static_cast<float>(static_cast<double>(state) * (2.0 / static_cast<double>(states_ - 1)) -
                            1);
}

std::int64_t PixelLaw::picked_by(const Tensor& shares, float uniform) const {
  const auto* share = shares.data_ptr<double>();
  return state_at(states_, uniform, [&](std::int64_t v) { return share[v]; });
}

Tensor PixelLaw::picked_by(const Tensor& shares, const Tensor& uniform) const {
  const auto states = uniform.to(torch::kCPU, torch::kFloat32, false, true).contiguous();
  auto* each = states.data_ptr<float>();
  for (std::int64_t b = 0; b < states.numel(); ++b)
    each[b] = static_cast<float>(picked_by(shares, each[b]));
  return states;
}

std::vector<std::int64_t> SoftmaxLaw::groups() const {
  return channel_groups(channels() * logits(), channels());
}

Tensor SoftmaxLaw::log_probs(const Tensor& maps, const Tensor& x) const {
  if (logits() == 1) return bernoulli_log_probs(x, maps);
  return categorical_log_prob(maps.unflatten(1, {channels(), logits()}).movedim(2, -1), x);
}

std::int64_t SoftmaxLaw::picked(const PixelOutputs& outputs, std::int64_t channel, float uniform,
                                double temperature) const {
  const float* logit = outputs.maps + channel * logits() * outputs.stride;
  if (logits() == 1) return uniform < 1 / (1 + std::exp(-logit[0] / temperature)) ? 1 : 0;
  double most = logit[0];
  for (std::int64_t v = 1; v < states(); ++v)
    most = std::max(most, double(logit[v * outputs.stride]));
  return state_at(states(), uniform, [&](std::int64_t v) {
    return std::exp((logit[v * outputs.stride] - most) / temperature);
  });
}

}  // namespace kiln
