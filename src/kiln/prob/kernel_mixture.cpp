#include "kiln/prob/kernel_mixture.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "kiln/prob/squared_distances.h"

namespace kiln {
namespace {

constexpr std::int64_t kDistancesAtOnce = 1 << 22;

std::int64_t rows_at_once(const Tensor& centres) {
  return std::max<std::int64_t>(1, kDistancesAtOnce / centres.size(0));
}

// log (1/n) sum_j N(x; c_j, h^2 I) from squared distances [B, n or more].
Tensor log_mean_kernel(const Tensor& distances, double n, std::int64_t dims, double h) {
  const double log_volume =
      static_cast<double>(dims) * (std::log(h) + 0.5 * std::log(2 * std::numbers::pi));
  return torch::logsumexp(distances * (-0.5 / (h * h)), 1) - std::log(n) - log_volume;
}

// The same for each of H bandwidths, [H, B].
Tensor log_mean_kernels(const Tensor& distances, double n, std::int64_t dims,
                        const Tensor& bandwidths) {
  std::vector<Tensor> figures;
  for (std::int64_t i = 0; i < bandwidths.size(0); ++i)
    figures.push_back(log_mean_kernel(distances, n, dims, bandwidths[i].item<double>()));
  return torch::stack(figures);
}

}  // namespace

Tensor kernel_log_prob(const Tensor& x, const Tensor& centres, double bandwidth) {
  return kernel_log_probs(x, centres, torch::full({1}, bandwidth, torch::kFloat64)).squeeze(0);
}

Tensor kernel_log_probs(const Tensor& x, const Tensor& centres, const Tensor& bandwidths) {
  const auto n = static_cast<double>(centres.size(0));
  std::vector<Tensor> parts;
  for (const auto& rows : x.split(rows_at_once(centres)))
    parts.push_back(
        log_mean_kernels(squared_distances(rows, centres), n, centres.size(1), bandwidths));
  return torch::cat(parts, 1);
}

Tensor leave_one_out(const Tensor& centres, const Tensor& bandwidths, std::int64_t most) {
  const auto judged = std::min(most, centres.size(0)), step = rows_at_once(centres);
  const auto others = static_cast<double>(centres.size(0) - 1);
  std::vector<Tensor> blocks;
  for (std::int64_t first = 0; first < judged; first += step) {
    const auto rows = std::min(step, judged - first);
    auto distances = squared_distances(centres.narrow(0, first, rows), centres);
    distances.diagonal(first).fill_(std::numeric_limits<double>::infinity());
    blocks.push_back(log_mean_kernels(distances, others, centres.size(1), bandwidths));
  }
  return torch::cat(blocks, 1);
}

double best_bandwidth(const Tensor& centres, std::int64_t most) {
  const double spread = std::sqrt(centres.var(0, false).mean().item<double>());
  double octave = std::log2(spread > 0 ? spread : 1);
  const auto refine = [&](double from, double to, double step) {
    const auto octaves = octave + torch::arange(from, to + step / 2, step, torch::kFloat64);
    const auto figures = leave_one_out(centres, torch::pow(2, octaves), most).mean(1);
    octave = octaves[figures.argmax()].item<double>();
  };
  refine(-10, 1, 1);
  refine(-1, 1, 0.25);
  refine(-0.25, 0.25, 0.0625);
  return std::exp2(octave);
}

}  // namespace kiln
