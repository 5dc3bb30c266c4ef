#include "kiln/metrics/estimate.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>

#include "kiln/feed/batches.h"

namespace kiln {

Estimate of_share(double share, std::int64_t items) {
  return {share, std::sqrt(share * (1 - share) / static_cast<double>(items)), items};
}

Estimate average(Loader& loader, torch::Device device,
                 const std::function<Tensor(const Batch&)>& figure) {
  torch::NoGradGuard no_grad;
  double sum = 0, squares = 0;
  std::int64_t count = 0;
  for (;;) {
    auto host = loader.next();
    if (host.rows == 0) break;
    const auto values = figure(to_batch(std::move(host), loader.info(), device))
                            .to(torch::kCPU, torch::kFloat64)
                            .contiguous();
    const auto* v = values.data_ptr<double>();
    for (std::int64_t i = 0; i < values.numel(); ++i) sum += v[i], squares += v[i] * v[i];
    count += values.numel();
  }
  if (count == 0) return {};
  const auto n = static_cast<double>(count);
  const double mean = sum / n, scatter = squares - n * mean * mean;
  if (count < 2) return {mean, std::nan(""), count};
  const double variance = scatter < 0 ? 0 : scatter / (n - 1);  // NaN stays NaN
  return {mean, std::sqrt(variance / n), count};
}

}  // namespace kiln
