#include "kiln/nn/standardiser.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/core/check.h"

namespace kiln {

void check_columns_vary(std::string_view where, const Tensor& mean, const Tensor& deviation) {
  // Rounding leaves a trace of deviation in a column that does not vary.
  const auto constant = deviation.gt(mean.abs() * 1e-12).logical_not().nonzero();
  if (constant.size(0) == 0) return;
  const auto d = constant[0][0].item<std::int64_t>();
  throw ConfigError(
      where,
      fmt::format("column {} (counted from 0) is {} in every row, so it has no density; leave it "
                  "out with columns= in the data source",
                  d, mean[d].item<float>()));
}

Tensor NumberScale::standard(const Tensor& x) const {
  return (x - shift.to(x.options())) / scale.to(x.options());
}

Tensor NumberScale::own_units(const Tensor& y) const {
  return y * scale.to(y.options()) + shift.to(y.options());
}

double NumberScale::log_volume() const {
  torch::NoGradGuard no_grad;
  return scale.to(torch::kFloat64).log().sum().item<double>();
}

NumberScale scale_of_items(std::string_view where, const Tensor& items) {
  check_shape(where, "items", items, {kAny, kAny});
  const auto x = items.to(torch::kFloat64);
  const auto mean = x.mean(0), spread = (x - mean).square().mean(0).sqrt();
  // Rounding leaves a trace of deviation in a number that does not vary.
  const auto varies = spread > 1e-12 * (1 + mean.abs());
  return {mean, torch::where(varies, spread, torch::ones_like(spread))};
}

Standardiser::Standardiser(std::int64_t dims)
    : scale_{register_buffer("shift", torch::zeros({dims}, torch::kFloat64)),
             register_buffer("scale", torch::ones({dims}, torch::kFloat64))} {}

void Standardiser::set(std::string_view where, const Tensor& mean, const Tensor& deviation) {
  torch::NoGradGuard no_grad;
  check_shape(where, "mean", mean, {scale_.shift.size(0)});
  check_shape(where, "deviation", deviation, {scale_.shift.size(0)});
  check_columns_vary(where, mean, deviation);
  scale_.shift.copy_(mean);
  scale_.scale.copy_(deviation);
}

}  // namespace kiln
