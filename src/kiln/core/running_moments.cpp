#include "kiln/core/running_moments.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <vector>

namespace kiln {

RunningMoments::RunningMoments(std::int64_t dims, std::int64_t columns)
    : count_(register_buffer("count", torch::zeros({1}, torch::kInt64))),
      mean_(register_buffer("mean", torch::zeros({dims}, torch::kFloat64))),
      scatter_(register_buffer("scatter", columns == 0
                                              ? torch::zeros({dims}, torch::kFloat64)
                                              : torch::zeros({dims, columns}, torch::kFloat64))),
      trace_(register_buffer("trace", torch::zeros({1}, torch::kFloat64))) {}

void RunningMoments::clear() { count_.zero_(), mean_.zero_(), scatter_.zero_(), trace_.zero_(); }

void RunningMoments::add(const Tensor& x, const Tensor& directions) {
  torch::NoGradGuard no_grad;
  const auto n = static_cast<double>(x.size(0)), before = static_cast<double>(count());
  const auto own = x.mean(0), delta = own - mean_, centred = x - own;
  const double weight = before * n / (before + n);
  if (scatter_.dim() == 1) {
    scatter_ += centred.square().sum(0) + delta.square() * weight;
  } else {
    const auto seen = directions.defined() ? centred.matmul(directions) : centred;
    const auto moved = directions.defined() ? delta.matmul(directions) : delta;
    scatter_.addmm_(centred.t(), seen).addr_(delta, moved, 1, weight);
  }
  trace_ += centred.square().sum() + delta.square().sum() * weight;
  mean_ += delta * (n / (before + n));
  count_ += x.size(0);
}

std::int64_t RunningMoments::count() const { return count_.item<std::int64_t>(); }

Tensor RunningMoments::covariance() const {
  return scatter_ / static_cast<double>(std::max<std::int64_t>(1, count()));
}

double RunningMoments::total_variance() const {
  return trace_.item<double>() / static_cast<double>(std::max<std::int64_t>(1, count()));
}

}  // namespace kiln
