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

Standardiser::Standardiser(std::int64_t dims)
    : shift_(register_buffer("shift", torch::zeros({dims}, torch::kFloat64))),
      scale_(register_buffer("scale", torch::ones({dims}, torch::kFloat64))) {}

void Standardiser::set(std::string_view where, const Tensor& mean, const Tensor& deviation) {
  torch::NoGradGuard no_grad;
  check_shape(where, "mean", mean, {shift_.size(0)});
  check_shape(where, "deviation", deviation, {shift_.size(0)});
  check_columns_vary(where, mean, deviation);
  shift_.copy_(mean);
  scale_.copy_(deviation);
}

double Standardiser::log_volume() const { return scale_.log().sum().item<double>(); }

}  // namespace kiln
