#include "kiln/nn/importance.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "kiln/prob/log_mean_exp.h"

namespace kiln {

Tensor noise_of_draws(std::int64_t draws, at::IntArrayRef shape, Rng& rng) {
  std::vector<Tensor> noise;
  for (std::int64_t k = 0; k < draws; ++k) noise.push_back(rng.normal(shape));
  return at::stack(noise);
}

std::int64_t draws_at_once(std::int64_t most_numbers, std::int64_t batch, std::int64_t widest) {
  return std::max<std::int64_t>(1, most_numbers / std::max<std::int64_t>(1, batch * widest));
}

Tensor importance_bound(std::int64_t draws, std::int64_t at_once,
                        const std::function<Tensor(std::int64_t)>& log_weights) {
  LogMeanExp bound;
  while (bound.count() < draws) bound.add(log_weights(std::min(at_once, draws - bound.count())));
  return bound.value();
}

// Points (start + j) / count of [0, 1), each in the piece of length w_k that its draw owns.
Tensor systematic_resampling(const Tensor& weights, std::int64_t count, const Tensor& start) {
  const auto ends = weights.detach().to(at::kDouble).cumsum(0).t().contiguous();
  const auto step = at::arange(count, ends.options());
  const auto points = (start.to(ends.options()).unsqueeze(-1) + step) / count;
  return at::searchsorted(ends, points, false, /*right=*/true).clamp_max(weights.size(0) - 1).t();
}

}  // namespace kiln
