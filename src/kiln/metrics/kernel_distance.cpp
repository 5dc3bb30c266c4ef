#include "kiln/metrics/kernel_distance.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kiln/core/check.h"
#include "kiln/metrics/features.h"
#include "kiln/prob/mmd.h"

namespace kiln {
namespace {

// (<x, y> / F + 1)^3.
Tensor cubic_kernel(const Tensor& x, const Tensor& y) {
  return (x.mm(y.t()) / static_cast<double>(x.size(1)) + 1).pow(3);
}

Tensor draw_rows(const Tensor& x, std::int64_t count, Rng& rng) {
  return x.index_select(0, rng.permutation(x.size(0)).to(at::kCPU).narrow(0, 0, count));
}

void check_sizes(std::int64_t a, std::int64_t b, const KernelDistanceOptions& options) {
  check_positive("kernel_distance", "subsets", options.subsets);
  if (options.subset_size < 2)
    throw ConfigError("kernel_distance",
                      fmt::format("subset_size must be at least 2, got {}", options.subset_size));
  if (std::min(a, b) < 2)
    throw ConfigError("kernel_distance",
                      fmt::format("needs at least 2 items of each set, got {} and {}", a, b));
}

}  // namespace

Estimate kernel_distance(const Tensor& a, const Tensor& b, const KernelDistanceOptions& options,
                         Rng& rng) {
  const auto x = checked_features("kernel_distance", "a", a);
  const auto y = checked_features("kernel_distance", "b", b, x.size(1));
  check_sizes(x.size(0), y.size(0), options);
  const auto size = std::min({options.subset_size, x.size(0), y.size(0)});
  const auto subsets = size == std::max(x.size(0), y.size(0)) ? 1 : options.subsets;
  const auto values = at::empty({subsets}, at::kDouble);
  for (std::int64_t i = 0; i < subsets; ++i) {
    const auto from_x = draw_rows(x, size, rng), from_y = draw_rows(y, size, rng);
    values[i] = mmd2_unbiased(cubic_kernel, from_x, from_y);
  }
  const double error = subsets == 1
                           ? std::numeric_limits<double>::quiet_NaN()
                           : values.std().item<double>() / std::sqrt(static_cast<double>(subsets));
  return {values.mean().item<double>(), error, subsets};
}

}  // namespace kiln
