#include "kiln/metrics/modes.h"

#include <torch/types.h>

#include <cmath>
#include <limits>

#include "kiln/core/check.h"

namespace kiln {

double birthday_support(std::int64_t samples, std::int64_t equal_pairs) {
  if (equal_pairs == 0) return std::numeric_limits<double>::infinity();
  return static_cast<double>(samples) * static_cast<double>(samples - 1) /
         (2 * static_cast<double>(equal_pairs));
}

namespace {

// counts [K] int64: samples of each mode that count.
ModeCoverage coverage_of(const Tensor& counts, std::int64_t samples) {
  ModeCoverage result{.modes = counts.size(0)};
  const auto total = counts.sum().item<double>();
  result.high_quality = total / static_cast<double>(samples);
  result.reverse_kl = total > 0 ? 0 : std::nan("");
  std::int64_t equal_pairs = 0;
  for (std::int64_t k = 0; k < result.modes; ++k) {
    const auto count = counts[k].item<std::int64_t>();
    result.counts.push_back(count);
    if (count == 0) continue;
    equal_pairs += count * (count - 1) / 2;
    const double share = static_cast<double>(count) / total;
    ++result.covered;
    result.reverse_kl += share * std::log(share * static_cast<double>(result.modes));
  }
  result.birthday = birthday_support(static_cast<std::int64_t>(total), equal_pairs);
  return result;
}

}  // namespace

ModeCoverage mode_coverage(const Tensor& samples, const Tensor& centres, double deviation) {
  constexpr double kDeviations = 3;
  check_shape("mode_coverage", "samples", samples, {kAny, 2});
  check_shape("mode_coverage", "centres", centres, {kAny, 2});
  const auto gaps = samples.to(torch::kFloat64).unsqueeze(1) - centres.to(torch::kFloat64);
  const auto [distance, nearest] = gaps.square().sum(2).sqrt().min(1);
  const auto good = distance <= kDeviations * deviation;
  return coverage_of(at::bincount(nearest.masked_select(good), {}, centres.size(0)),
                     samples.size(0));
}

ModeCoverage mode_coverage(const Tensor& mode_of, std::int64_t modes) {
  check_shape("mode_coverage", "mode_of", mode_of, {kAny});
  KILN_ASSERT(mode_of.min().item<std::int64_t>() >= 0);
  KILN_ASSERT(mode_of.max().item<std::int64_t>() < modes);
  return coverage_of(at::bincount(mode_of, {}, modes), mode_of.size(0));
}

}  // namespace kiln
