#include "kiln/metrics/code_mmd.h"

#include <ATen/ATen.h>

#include "kiln/prob/mmd.h"

namespace kiln {
namespace {

constexpr std::int64_t kForTheScale = 10000;

// E|a - b|^2 of two independent draws is twice the sum of the variances.
double mean_squared_distance(Prior& prior) {
  Rng rng(0, "code_mmd");
  return 2 * prior.sample_prior(kForTheScale, rng).var(0).sum().item<double>();
}

}  // namespace

Tensor code_mmd2(Encoder& encoder, Prior& prior, const Tensor& x, Rng& rng) {
  const auto codes = encoder.encode_draw(x, rng);
  if (codes.size(0) < 2) return codes.new_empty({0});
  const auto drawn = prior.sample_prior(codes.size(0), rng).to(codes.options());
  return mmd2_unbiased(imq_kernel(mean_squared_distance(prior)), codes, drawn).view({1});
}

}  // namespace kiln
