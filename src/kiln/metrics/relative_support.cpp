#include "kiln/metrics/relative_support.h"

#include <torch/types.h>

#include <algorithm>

#include "kiln/core/check.h"
#include "kiln/metrics/modes.h"
#include "kiln/prob/squared_distances.h"

namespace kiln {
namespace {

constexpr double kShare = .01;       // of the data's pairs, that count as equal
constexpr double kRounding = 1e-13;  // of squared distances, beside the largest

// Of every pair once, sorted.
Tensor pair_distances(const Tensor& x) {
  const auto rows = x.flatten(1).to(torch::kCPU, torch::kFloat64);
  const auto pairs = torch::triu_indices(rows.size(0), rows.size(0), 1);
  const auto all = squared_distances(rows, rows);
  return std::get<0>(all.index({pairs[0], pairs[1]}).sort());
}

// r: the distance below which kShare of the pairs lie; where so many items are equal, and r is 0 to
// rounding, half the least distance of two that are not.
Tensor radius_of(const Tensor& sorted) {
  const auto least = static_cast<std::int64_t>(kShare * static_cast<double>(sorted.size(0)));
  const auto radius = sorted[std::max<std::int64_t>(1, least) - 1];
  const auto apart = sorted.masked_select(sorted > kRounding * sorted[-1]);
  return apart.numel() > 0 ? torch::maximum(radius, apart[0] / 4) : radius;
}

std::int64_t pairs_within(const Tensor& sorted, const Tensor& radius) {
  return std::max<std::int64_t>(1, sorted.le(radius).sum().item<std::int64_t>());
}

}  // namespace

double relative_support(const Tensor& samples, const Tensor& data) {
  KILN_ASSERT(samples.size(0) >= 2 && data.size(0) >= 2);
  const auto own = pair_distances(data), made = pair_distances(samples);
  const auto radius = radius_of(own);
  return birthday_support(samples.size(0), pairs_within(made, radius)) /
         birthday_support(data.size(0), pairs_within(own, radius));
}

}  // namespace kiln
