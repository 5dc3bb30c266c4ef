#include "kiln/metrics/relative_support.h"

#include <torch/types.h>

#include <algorithm>

#include "kiln/core/check.h"
#include "kiln/metrics/modes.h"
#include "kiln/prob/squared_distances.h"

namespace kiln {
namespace {

constexpr double kShare = .01;  // of the data's pairs, that count as equal

// Of every pair once, sorted.
Tensor pair_distances(const Tensor& x) {
  const auto rows = x.flatten(1).to(torch::kCPU, torch::kFloat64);
  const auto pairs = torch::triu_indices(rows.size(0), rows.size(0), 1);
  const auto all = squared_distances(rows, rows);
  return std::get<0>(all.index({pairs[0], pairs[1]}).sort());
}

}  // namespace

double relative_support(const Tensor& samples, const Tensor& data) {
  KILN_ASSERT(samples.size(0) >= 2 && data.size(0) >= 2);
  const auto own = pair_distances(data), made = pair_distances(samples);
  const auto equal = std::max<std::int64_t>(
      1, static_cast<std::int64_t>(kShare * static_cast<double>(own.size(0))));
  const auto radius = own[equal - 1];
  const auto pairs = std::max<std::int64_t>(1, made.le(radius).sum().item<std::int64_t>());
  return birthday_support(samples.size(0), pairs) / birthday_support(data.size(0), equal);
}

}  // namespace kiln
