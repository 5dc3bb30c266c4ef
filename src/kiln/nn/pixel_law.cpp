#include "kiln/nn/pixel_law.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "kiln/nn/masked_conv.h"
#include "kiln/prob/bernoulli.h"
#include "kiln/prob/categorical.h"

namespace kiln {

std::vector<std::int64_t> PixelLaw::groups() const {
  return channel_groups(channels * outputs(), channels);
}

Tensor PixelLaw::scaled(const Tensor& x) const {
  return x * (2.0 / static_cast<double>(states - 1)) - 1;
}

float PixelLaw::scaled(std::int64_t state) const {
  return static_cast<float>(static_cast<double>(state) * (2.0 / static_cast<double>(states - 1)) -
                            1);
}

Tensor PixelLaw::log_probs(const Tensor& maps, const Tensor& x) const {
  if (outputs() == 1) return bernoulli_log_probs(x, maps);
  const auto each = maps.unflatten(1, {channels, outputs()}).movedim(2, -1);
  return categorical_log_prob(each, x);
}

std::int64_t PixelLaw::picked(const float* logits, std::int64_t stride, float uniform,
                              double temperature) const {
  if (outputs() == 1) return uniform < 1 / (1 + std::exp(-logits[0] / temperature)) ? 1 : 0;
  double most = logits[0];
  for (std::int64_t v = 1; v < states; ++v) most = std::max(most, double(logits[v * stride]));
  const auto mass = [&](std::int64_t v) {
    return std::exp((logits[v * stride] - most) / temperature);
  };
  double total = 0;
  for (std::int64_t v = 0; v < states; ++v) total += mass(v);
  double below = 0;
  for (std::int64_t v = 0; v < states - 1; ++v) {
    below += mass(v);
    if (uniform * total < below) return v;
  }
  return states - 1;
}

Tensor PixelLaw::picked(const Tensor& maps, std::int64_t channel, std::int64_t row,
                        std::int64_t column, const Tensor& uniform, double temperature) const {
  const auto pixel = maps.select(2, row).select(2, column);  // [B, C O]
  const auto logits = pixel.narrow(1, channel * outputs(), outputs()) / temperature;
  if (outputs() > 1) return categorical_quantile(logits, uniform);
  return uniform.lt(torch::sigmoid(logits.squeeze(1))).to(maps.scalar_type());
}

std::int64_t PixelLaw::of_shares(const Tensor& shares, float uniform) const {
  const auto* share = shares.data_ptr<double>();
  double below = 0;
  for (std::int64_t v = 0; v < states - 1; ++v)
    if (uniform < (below += share[v])) return v;
  return states - 1;
}

Tensor PixelLaw::of_shares(const Tensor& shares, const Tensor& uniform) const {
  const auto below = shares.cumsum(0).slice(0, 0, -1);
  return below.le(uniform.to(torch::kCPU, torch::kDouble).unsqueeze(1)).sum(1);
}

}  // namespace kiln
