#include "kiln/models/autoregressive/rnade.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <numbers>

#include "kiln/core/check.h"
#include "kiln/kernels/rnade_scan.h"
#include "kiln/nn/known_prefix.h"

namespace kiln {
namespace {

// Every conditional starts near the standard normal: means on half its quantiles, and deviations
// that make up the rest of the variance.
Tensor first_heads(std::int64_t dims, std::int64_t components) {
  const auto places = (torch::arange(components, torch::kFloat64) + 0.5) / components;
  const auto mu = 0.5 * std::numbers::sqrt2 * torch::erfinv(2 * places - 1);
  const auto log_sigma = (0.5 * torch::log(1 - mu.square().mean())).expand({components});
  const auto row = torch::cat({torch::zeros_like(mu), mu, log_sigma}).to(torch::kFloat32);
  return row.expand({dims, 3 * components}).clone();
}

Tensor scaled_normal(at::IntArrayRef shape, double deviation) {
  return torch::randn(shape) * deviation;
}

}  // namespace

Rnade::Rnade(const RnadeOptions& o)
    : options_(checked("rnade", o)),
      law_{.component = o.component,
           .activation = o.activation,
           .min_log_sigma = o.min_log_sigma,
           .scaled_mean_gradient = o.scaled_mean_gradient},
      order_(torch::tensor(ItemShape{.data_dim = o.data_dim}.ordering_of(o))),
      W_(register_parameter("W", scaled_normal({o.data_dim, o.hidden},
                                               1 / std::sqrt(static_cast<double>(o.data_dim))))),
      rho_(register_parameter("rho", torch::ones({o.data_dim}))),
      c_(register_parameter("c", torch::zeros({o.hidden}))),
      V_(register_parameter("V", scaled_normal({o.data_dim, o.hidden, 3 * o.components},
                                               0.1 / std::sqrt(static_cast<double>(o.hidden))))),
      b_(register_parameter("b", first_heads(o.data_dim, o.components))),
      scale_{register_buffer("shift", torch::zeros({o.data_dim})),
             register_buffer("scale", torch::ones({o.data_dim}))} {}

void Rnade::start_from_data(const DataMoments& moments) {
  torch::NoGradGuard no_grad;
  if (moments.mean.dim() == 3)
    throw ConfigError("rnade",
                      "learns tables of real numbers, and the data are pictures; take a model of "
                      "pictures, as pixel_cnn_pp or vae with --decoder gaussian");
  check_shape("rnade.start_from_data", "mean", moments.mean, {options_.data_dim});
  check_shape("rnade.start_from_data", "deviation", moments.deviation, {options_.data_dim});
  check_columns_vary("rnade.start_from_data", moments.mean, moments.deviation);
  scale_.shift.copy_(moments.mean);
  scale_.scale.copy_(moments.deviation);
}

Tensor Rnade::standardise(const char* where, const Tensor& x) const {
  check_shape(where, "x", x, {kAny, options_.data_dim});
  return scale_.standard(x);
}

double Rnade::log_volume() const { return scale_.log_volume(); }

// log p(x) = log p(y) - sum_d log scale_d.
Tensor Rnade::log_prob(const Batch& batch) {
  return -rnade_nll(standardise("rnade.log_prob", batch.x), tensors(), law_) - log_volume();
}

ScaleMixture Rnade::conditionals(const Tensor& x) {
  const auto y = standardise("rnade.conditionals", x);
  return rnade_mixture(rnade_heads_cumsum(y, tensors(), law_), law_);
}

Tensor Rnade::log_conditionals(const Batch& batch) {
  return mixture_log_prob(conditionals(batch.x), standardise("rnade.log_conditionals", batch.x),
                          law_) -
         scale_.scale.log();
}

Tensor Rnade::conditional_cdf(const Tensor& x) {
  return mixture_cdf(conditionals(x), standardise("rnade.conditional_cdf", x), law_.component);
}

// The constant sum of log scale is left out of the loss.
std::vector<Player> Rnade::players() {
  return {
      {.name = "model", .parameters = trainable(), .objective = [this](const Batch& batch, Rng&) {
         const auto y = standardise("rnade.loss", batch.x);
         return Objective{.loss = rnade_nll(y, tensors(), law_).mean()};
       }}};
}

Tensor Rnade::draw_samples(const SampleRequest& request, Rng& rng) {
  const auto uniform = rng.uniform({request.count, options_.data_dim});
  return scale_.own_units(rnade_draw(uniform, {}, {}, request.temperature, tensors(), law_));
}

Tensor Rnade::draw(const Batch& uniform) {
  return scale_.own_units(rnade_draw(uniform.x, {}, {}, 1.0, tensors(), law_));
}

Tensor Rnade::draw_one(const Batch& batch, std::int64_t d, const Tensor& uniform) {
  torch::NoGradGuard no_grad;
  const auto all = conditionals(batch.x);
  const ScaleMixture mixture{all.log_alpha.select(1, d), all.mu.select(1, d),
                             all.log_sigma.select(1, d)};
  return mixture_draw(mixture, uniform, 1.0, law_.component) * scale_.scale[d] + scale_.shift[d];
}

// The known columns must be a prefix of the ordering; then ancestral sampling goes on from them.
Tensor Rnade::complete(const Batch& batch, const Tensor& known, Rng& rng) {
  torch::NoGradGuard no_grad;
  const auto y = standardise("rnade.complete", batch.x);
  check_shape("rnade.complete", "known", known, {batch.x.size(0), options_.data_dim});
  const auto mask = known.ne(0);
  check_known_prefix("rnade.complete", mask, order_, options_.ordering, {"column", "row"});
  if (mask.logical_and(y.isfinite().logical_not()).any().item<bool>())
    throw ConfigError("rnade.complete", "known columns must be finite; mask them as unknown");
  const auto drawn =
      rnade_draw(rng.uniform(y.sizes()).to(y.device()), mask, y, 1.0, tensors(), law_);
  return torch::where(mask, batch.x, scale_.own_units(drawn));
}

// What binds on few rows is overfitting: small batches are the best remedy that was found.
std::vector<RecipeFor<RnadeOptions>> Rnade::recipes() {
  OptionMap few{{"hidden", "100"},      {"components", "10"},     {"batch", "10"},
                {"epochs", "200"},      {"least_steps", "2000"},  {"learning_rate", "0.01"},
                {"schedule", "linear"}, {"weight_decay", "0.01"}, {"ema", "0.99"}};
  OptionMap many{{"hidden", "100"},         {"components", "10"},      {"batch", "100"},
                 {"epochs", "100"},         {"learning_rate", "0.01"}, {"schedule", "linear"},
                 {"weight_decay", "0.001"}, {"ema", "0.999"}};
  return {{"at most 10000 rows",
           [](const RnadeOptions&, std::int64_t items) { return items <= 10000; }, std::move(few)},
          {"more rows", always<RnadeOptions>, std::move(many)}};
}

}  // namespace kiln
