#include "kiln/nn/decoder_law.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <cmath>
#include <numbers>

#include "kiln/kernels/bernoulli_rows.h"
#include "kiln/prob/bernoulli.h"
#include "kiln/prob/categorical.h"
#include "kiln/prob/diag_normal.h"

namespace kiln {
namespace {

constexpr double kLogVarFloor = -10;
constexpr double kLogScaleLimit = 8;
constexpr double kLevels = 255;  // steps between 256 grey levels

// log(1 - e^-d), d > 0.
Tensor log1mexp(const Tensor& d) { return torch::log(-torch::expm1(-d)); }

// log of sigmoid(upper) - sigmoid(lower) = sigmoid(upper) sigmoid(-lower) (1 - e^-(upper - lower)):
// no difference of nearly equal numbers.  An open end leaves out its factor and the last one.
Tensor discretised_logistic_log_prob(const Tensor& x, const Tensor& mean, const Tensor& log_scale) {
  const auto level = torch::round(x * kLevels);
  const auto inverse = torch::exp(-log_scale);
  const auto upper = torch::log_sigmoid(((level + .5) / kLevels - mean) * inverse);
  const auto lower = torch::log_sigmoid(-((level - .5) / kLevels - mean) * inverse);
  const auto is_first = level <= 0, is_last = level >= kLevels;
  const auto inside = upper + lower + log1mexp(inverse / kLevels);
  return torch::where(is_first, upper, torch::where(is_last, lower, inside)).sum(-1);
}

// E[x] = (1/255) sum over k = 1 .. 255 of P(level >= k).
Tensor discretised_logistic_mean(const Tensor& mean, const Tensor& log_scale) {
  const auto inverse = torch::exp(-log_scale);
  auto sum = torch::zeros_like(mean);
  for (int k = 1; k <= 255; ++k) sum += torch::sigmoid((mean - (k - .5) / kLevels) * inverse);
  return sum / kLevels;
}

Tensor clamped_scale(const Tensor& log_scale) {
  return log_scale.clamp(-kLogScaleLimit, kLogScaleLimit);
}

void check_law(std::string_view model, const DecoderLawOptions& o) {
  const auto refuse = [&](std::string_view option, const std::string& what) {
    throw ConfigError(fmt::format("{}.{}", model, option), what);
  };
  if (o.sigma && o.kind != DecoderKind::gaussian)
    refuse("sigma",
           fmt::format("a {} decoder has no deviation; use decoder gaussian", enum_name(o.kind)));
  if (o.kind == DecoderKind::categorical && o.states < 2)
    refuse("decoder",
           "categorical needs numbers that are states, and these data have none; use "
           "gaussian, or logistic for grey levels");
  if (o.kind == DecoderKind::logistic && !o.image)
    refuse("decoder", "logistic is a law of an image's 256 grey levels; use gaussian for tables");
}

}  // namespace

std::vector<std::pair<DecoderKind, std::string_view>> enum_names(DecoderKind) {
  return {{DecoderKind::bernoulli, "bernoulli"},
          {DecoderKind::gaussian, "gaussian"},
          {DecoderKind::categorical, "categorical"},
          {DecoderKind::logistic, "logistic"}};
}

DecoderLaw::DecoderLaw(std::string_view model, const DecoderLawOptions& options)
    : options_(options) {
  check_law(model, options);
}

std::int64_t DecoderLaw::parameters_per_number() const {
  if (options_.kind == DecoderKind::categorical) return options_.states;
  return options_.kind == DecoderKind::logistic ? 2 : 1;
}

ValueSet DecoderLaw::value_set() const {
  switch (options_.kind) {
    case DecoderKind::bernoulli:
      return Values::binary;
    case DecoderKind::categorical:
      return {Values::states, options_.states};
    case DecoderKind::logistic:
      return Values::unit;
    default:
      return options_.image ? Values::unit : Values::real;
  }
}

Tensor DecoderLaw::part(const Tensor& parameters, std::int64_t index) const {
  const auto dims = parameters.size(-1) / parameters_per_number();
  return parameters.narrow(-1, index * dims, dims);
}

Tensor DecoderLaw::logits(const Tensor& parameters) const {
  return parameters.unflatten(-1, {options_.states, -1}).transpose(-1, -2);
}

Tensor DecoderLaw::log_prob(const Tensor& x, const Tensor& parameters) const {
  const auto flat = x.flatten(1);
  switch (options_.kind) {
    case DecoderKind::bernoulli:
      return bernoulli_rows_serves(flat, parameters) ? bernoulli_rows(flat, parameters)
                                                     : bernoulli_log_prob(flat, parameters);
    case DecoderKind::categorical: {
      const auto each = logits(parameters);
      return categorical_log_prob(each, flat.expand(each.sizes().slice(0, each.dim() - 1))).sum(-1);
    }
    case DecoderKind::logistic:
      return discretised_logistic_log_prob(flat, part(parameters, 0),
                                           clamped_scale(part(parameters, 1)));
    default:
      return DiagNormal{mean(parameters), log_var()}.log_prob(flat);
  }
}

Tensor DecoderLaw::mean(const Tensor& parameters) const {
  switch (options_.kind) {
    case DecoderKind::bernoulli:
      return torch::sigmoid(parameters);
    case DecoderKind::categorical:
      return torch::softmax(logits(parameters), -1)
          .matmul(torch::arange(options_.states, parameters.options()));
    case DecoderKind::logistic:
      return discretised_logistic_mean(part(parameters, 0), clamped_scale(part(parameters, 1)));
    default:
      return options_.image ? torch::sigmoid(parameters) : parameters;
  }
}

Tensor DecoderLaw::draw(const Tensor& parameters, Rng& rng) const {
  if (options_.kind == DecoderKind::bernoulli) return rng.bernoulli(mean(parameters));
  if (options_.kind == DecoderKind::gaussian) {
    const auto x = DiagNormal{mean(parameters), log_var()}.rsample(rng);
    return options_.image ? x.clamp(0, 1) : x;
  }
  const auto first = part(parameters, 0);
  const auto uniform = rng.uniform(first.sizes()).to(first.options());
  if (options_.kind == DecoderKind::categorical)
    return categorical_quantile(logits(parameters), uniform);
  const auto scale = torch::exp(clamped_scale(part(parameters, 1)));
  return torch::round((first + scale * torch::logit(uniform)).clamp(0, 1) * kLevels) / kLevels;
}

Tensor DecoderLaw::start(const Tensor& mean, const Tensor& deviation) const {
  switch (options_.kind) {
    case DecoderKind::categorical: {
      // A bell with heavy tails: no state starts as all but impossible.
      std::vector<Tensor> rows;
      const auto width = deviation.clamp_min(.5);
      for (std::int64_t v = 0; v < options_.states; ++v)
        rows.push_back(-torch::log1p(((double(v) - mean) / width).pow(2)));
      return torch::cat(rows);
    }
    case DecoderKind::logistic: {
      // The deviation of a logistic law of scale s is s pi / sqrt(3).
      const auto scale = deviation.clamp_min(1 / kLevels) * (std::sqrt(3.0) / std::numbers::pi);
      return torch::cat({mean, torch::log(scale)});
    }
    default:
      return value_set().kind == Values::real ? mean : log_odds(mean, 1e-3);
  }
}

bool DecoderLaw::learns_log_var() const {
  return options_.kind == DecoderKind::gaussian && !options_.sigma;
}

// Grey levels scatter with a variance near e^-2; tables are taken as standardised.
Tensor DecoderLaw::first_log_var() const { return torch::full({1}, options_.image ? -2.0 : 0.0); }

// The floor is smooth, so that a variance that reached it can grow again.
Tensor DecoderLaw::log_var() const {
  if (learned_.defined()) return torch::softplus(learned_ - kLogVarFloor) + kLogVarFloor;
  return torch::scalar_tensor(2 * std::log(options_.sigma.value()), torch::kDouble);
}

}  // namespace kiln
