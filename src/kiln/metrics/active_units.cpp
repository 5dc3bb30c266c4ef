#include "kiln/metrics/active_units.h"

#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/feed/batches.h"

namespace kiln {

std::int64_t active_units(Encoder& encoder, Loader& loader, torch::Device device) {
  torch::NoGradGuard no_grad;
  const auto zero = torch::zeros({encoder.code_size()}, torch::kFloat64);
  auto sum = zero, squares = zero;
  std::int64_t items = 0;
  for (auto host = loader.next(); host.rows > 0; host = loader.next()) {
    const auto batch = to_batch(std::move(host), loader.info(), device);
    const auto codes = encoder.encode_mean(batch.x).to(torch::kCPU, torch::kFloat64);
    sum = sum + codes.sum(0);
    squares = squares + codes.pow(2).sum(0);
    items += codes.size(0);
  }
  if (items < 2) return 0;
  const auto variance = (squares - sum.pow(2) / double(items)) / double(items - 1);
  return variance.gt(kActiveVariance).sum().item<std::int64_t>();
}

}  // namespace kiln
