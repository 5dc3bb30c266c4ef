#include "kiln/models/basics/kernel_density.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <cmath>
#include <numbers>

#include "kiln/core/check.h"
#include "kiln/prob/kernel_mixture.h"

namespace kiln {
namespace {

constexpr std::int64_t kMostNumbers = 1 << 25;  // of the centres: with their float64 copies 1 GiB
constexpr std::int64_t kMostJudged = 4096;      // centres that the others are judged at

const KernelDensityOptions& checked_together(const KernelDensityOptions& o) {
  checked("kernel_density", o);
  ItemShape{o.data_dim, o.channels, o.height, o.width}.check("kernel_density");
  if (o.centres > kMostNumbers / o.data_dim)
    throw ConfigError("kernel_density.centres",
                      fmt::format("{} items of {} numbers do not fit; at most {} do", o.centres,
                                  o.data_dim, kMostNumbers / o.data_dim));
  return o;
}

}  // namespace

KernelDensity::KernelDensity(const KernelDensityOptions& o)
    : options_(checked_together(o)),
      standardiser_(register_module("standardiser", std::make_shared<Standardiser>(o.data_dim))),
      sample_(register_module("sample", std::make_shared<ItemSample>(o.centres, o.data_dim))),
      bandwidth_(register_buffer("bandwidth",
                                 torch::full({1}, o.bandwidth.value_or(1.0), torch::kFloat64))),
      loss_(register_buffer("loss", torch::zeros({1}, torch::kFloat64))) {}

ItemShape KernelDensity::shape() const {
  return {options_.data_dim, options_.channels, options_.height, options_.width};
}

Values KernelDensity::values() const { return options_.channels > 0 ? Values::unit : Values::real; }
double KernelDensity::loss() const { return loss_.item<double>(); }
double KernelDensity::log_volume() const { return standardiser_->scale().log_volume(); }

void KernelDensity::start_from_data(const DataMoments& moments) {
  if (options_.channels == 0)
    standardiser_->set("kernel_density.start_from_data", moments.mean, moments.deviation);
}

Tensor KernelDensity::centres() const {
  const auto y = standardiser_->scale().standard(sample_->items().to(torch::kFloat64));
  return y.size(0) > 0 ? y : torch::zeros({1, options_.data_dim}, y.options());
}

void KernelDensity::observe(const Batch& batch) {
  sample_->add(shape().real_numbers("kernel_density.observe", batch.x));
}

bool KernelDensity::end_pass() {
  if (sample_->seen() < 2 && !options_.bandwidth)
    throw ConfigError(
        "kernel_density.bandwidth",
        fmt::format("leaving one out needs two items, got {}; give --bandwidth", sample_->seen()));
  const auto kept = centres();
  if (!options_.bandwidth) bandwidth_.fill_(best_bandwidth(kept, kMostJudged));
  const auto judged = kept.slice(0, 0, kMostJudged);
  loss_.fill_(log_volume() - kernel_log_prob(judged, kept, bandwidth()).mean().item<double>());
  return true;
}

Tensor KernelDensity::log_prob(const Batch& batch) {
  const auto y =
      standardiser_->scale().standard(shape().real_numbers("kernel_density.log_prob", batch.x));
  return kernel_log_prob(y, centres(), bandwidth()) - log_volume();
}

Tensor KernelDensity::draw_samples(const SampleRequest& request, Rng& rng) {
  const auto kept = centres();
  const auto picks = rng.integers(kept.size(0), {request.count}).to(kept.device());
  const auto noise = rng.normal({request.count, options_.data_dim}).to(kept.options());
  const auto y =
      kept.index_select(0, picks) + noise * (bandwidth() * std::sqrt(request.temperature));
  const auto x = standardiser_->scale().own_units(y).to(torch::kFloat32);
  return shape().shaped(options_.channels > 0 ? x.clamp(0, 1) : x);
}

}  // namespace kiln
