#include "kiln/metrics/parzen.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "kiln/core/check.h"
#include "kiln/prob/finite_rows.h"
#include "kiln/prob/kernel_mixture.h"

namespace kiln {
namespace {

// [H, m], nats.
Tensor log_densities(const char* where, const Tensor& samples, const char* name, const Tensor& x,
                     const Tensor& sigmas) {
  torch::NoGradGuard no_grad;
  check_shape(where, "samples", samples, {kAny, kAny});
  check_shape(where, name, x, {kAny, samples.size(1)});
  if (samples.size(0) == 0) throw ConfigError(where, "needs a sample of the model, got none");
  for (std::int64_t i = 0; i < sigmas.size(0); ++i)
    if (const double sigma = sigmas[i].item<double>(); !(sigma > 0 && std::isfinite(sigma)))
      throw ConfigError(where, fmt::format("sigma must be above 0 and finite, got {}", sigma));
  return kernel_log_probs(finite_rows(where, name, x.to(torch::kCPU)),
                          finite_rows(where, "samples", samples.to(torch::kCPU)), sigmas);
}

}  // namespace

Tensor parzen_log_density(const Tensor& samples, const Tensor& x, double sigma) {
  return log_densities("parzen_log_density", samples, "x", x,
                       torch::full({1}, sigma, torch::kFloat64))
      .squeeze(0);
}

double parzen_bandwidth(const Tensor& samples, const Tensor& valid, const Tensor& grid) {
  check_shape("parzen_bandwidth", "grid", grid, {kAny});
  const auto sigmas = grid.to(torch::kCPU, torch::kFloat64);
  if (sigmas.size(0) == 0) throw ConfigError("parzen_bandwidth", "the grid is empty");
  const auto figures = log_densities("parzen_bandwidth", samples, "valid", valid, sigmas);
  if (figures.size(1) == 0) throw ConfigError("parzen_bandwidth", "valid has no items");
  return sigmas[figures.mean(1).argmax()].item<double>();
}

}  // namespace kiln
