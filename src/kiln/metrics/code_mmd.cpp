#include "kiln/metrics/code_mmd.h"

#include <torch/types.h>

#include "kiln/prob/mmd.h"

namespace kiln {
namespace {

constexpr std::int64_t kForTheScale = 10000;

// E|a - b|^2 of two independent draws is twice the sum of the variances.
double mean_squared_distance(Prior& prior, Rng& rng) {
  return 2 * prior.sample_prior(kForTheScale, rng).var(0).sum().item<double>();
}

}  // namespace

Estimate code_mmd(Encoder& encoder, Prior& prior, Loader& loader, torch::Device device, Rng& rng) {
  const auto kernel = imq_kernel(mean_squared_distance(prior, rng));
  return average(loader, device, [&](const Batch& batch) {
    const auto codes = encoder.encode_draw(batch.x, rng);
    const auto drawn = prior.sample_prior(codes.size(0), rng).to(codes.options());
    return mmd2_unbiased(kernel, codes, drawn).view({1});
  });
}

}  // namespace kiln
