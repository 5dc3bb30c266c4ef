#include "kiln/models/autoregressive/categorical_nade.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/core/check.h"
#include "kiln/nn/known_prefix.h"
#include "kiln/prob/categorical.h"

namespace kiln {
namespace {

const CategoricalNadeOptions& checked_size(const CategoricalNadeOptions& o) {
  checked("categorical_nade", o);
  ItemShape{o.data_dim, o.channels, o.height, o.width}.check("categorical_nade");
  const double weights = 2.0 * static_cast<double>(o.data_dim) * static_cast<double>(o.states) *
                         static_cast<double>(o.hidden);
  if (weights > 0x1p31)
    throw ConfigError("categorical_nade",
                      fmt::format("2 * data_dim * states * hidden = {:.3g} weights are too many; "
                                  "choose fewer hidden units, or fewer states with levels=Q in "
                                  "the data source",
                                  weights));
  return o;
}

// Small weights: every conditional starts close to uniform.
Tensor small_normal(const CategoricalNadeOptions& o) {
  return torch::randn({o.data_dim, o.states, o.hidden}) * 0.01;
}

}  // namespace

CategoricalNade::CategoricalNade(const CategoricalNadeOptions& o)
    : options_(checked_size(o)),
      order_(torch::tensor(shape().ordering_of(o))),
      W_(register_parameter("W", small_normal(o))),
      V_(register_parameter("V", small_normal(o))),
      b_(register_parameter("b", torch::zeros({o.data_dim, o.states}))),
      c_(register_parameter("c", torch::zeros({o.hidden}))) {}

Tensor CategoricalNade::checked_states(const char* where, const Tensor& x) const {
  const auto numbers = shape().flat(where, "x", x);
  const auto fits = numbers.ge(0)
                        .logical_and(numbers.lt(options_.states))
                        .logical_and(numbers == numbers.floor());
  if (!fits.all().item<bool>())
    throw ConfigError(
        where, fmt::format("x must hold whole numbers from 0 to {}, got {}", options_.states - 1,
                           numbers.masked_select(fits.logical_not())[0].item<double>()));
  return numbers;
}

// a_i = c + W[o_1, x_{o_1}] + ... + W[o_{i-1}, x_{o_{i-1}}]: a running sum that is shifted by one
// step, so that no number reaches its own conditional.
Tensor CategoricalNade::logits(const Tensor& x) {
  const auto order = order_.to(x.device());
  const auto visited =
      checked_states("categorical_nade.logits", x).index_select(1, order).to(torch::kInt64);
  const auto batch = visited.size(0), steps = visited.size(1);
  const auto rows = W_.index({order.slice(0, 0, steps - 1), visited.slice(1, 0, steps - 1)});
  const auto first = torch::zeros({batch, 1, options_.hidden}, rows.options());
  const auto h = torch::sigmoid(c_ + torch::cat({first, rows.cumsum(1)}, 1));  // [B, D, H]
  const auto products =
      torch::bmm(h.transpose(0, 1), V_.index_select(0, order).transpose(1, 2));  // [D, B, Q]
  return products.index_select(0, torch::argsort(order)).transpose(0, 1) + b_;
}

Tensor CategoricalNade::log_conditionals(const Batch& batch) {
  const auto l = logits(batch.x);
  return categorical_log_prob(l, shape().flat("categorical_nade.log_conditionals", "x", batch.x));
}

Tensor CategoricalNade::log_prob(const Batch& batch) { return log_conditionals(batch).sum(1); }

std::vector<Player> CategoricalNade::players() {
  return {
      {.name = "model", .parameters = trainable(), .objective = [this](const Batch& batch, Rng&) {
         return Objective{.loss = -log_prob(batch.x).mean()};
       }}};
}

// Ancestral sampling with a_i kept: D products of [B, H] with [H, Q].  Known numbers stay.
Tensor CategoricalNade::draw_after(const Tensor& x, const Tensor& known, const Tensor& uniform,
                                   double temperature) const {
  torch::NoGradGuard no_grad;
  auto drawn = torch::zeros(uniform.sizes(), b_.options());
  auto a = c_.expand({uniform.size(0), -1}).clone();
  for (std::int64_t i = 0; i < order_.size(0); ++i) {
    const auto d = order_[i].item<std::int64_t>();
    const auto l = torch::addmm(b_[d], torch::sigmoid(a), V_[d].t()) / temperature;
    auto state = categorical_quantile(l, uniform.select(1, d));
    if (known.defined()) state = torch::where(known.select(1, d), x.select(1, d), state);
    drawn.select(1, d).copy_(state);
    a += W_[d].index_select(0, state.to(torch::kInt64));
  }
  return drawn;
}

Tensor CategoricalNade::draw(const Batch& uniform) { return draw_after({}, {}, uniform.x, 1); }

Tensor CategoricalNade::draw_one(const Batch& batch, std::int64_t d, const Tensor& uniform) {
  torch::NoGradGuard no_grad;
  const auto readable = batch.x.round().clamp(0, static_cast<double>(options_.states - 1));
  return categorical_quantile(logits(readable).select(1, d), uniform);
}

Tensor CategoricalNade::draw_samples(const SampleRequest& request, Rng& rng) {
  return shape().shaped(
      draw_after({}, {}, rng.uniform({request.count, options_.data_dim}), request.temperature));
}

Tensor CategoricalNade::complete(const Batch& batch, const Tensor& known, Rng& rng) {
  const char* where = "categorical_nade.complete";
  const auto mask = shape().flat(where, "known", known).ne(0);
  const auto given = shape().flat(where, "x", batch.x);
  if (given.size(0) != mask.size(0))
    throw ShapeError(where, fmt::format("x and known must agree, got {} and {} items",
                                        given.size(0), mask.size(0)));
  check_known_prefix(where, mask, order_, options_.ordering, {"number", "item"});
  const auto numbers = checked_states(where, torch::where(mask, given, torch::zeros_like(given)));
  return shape().shaped(draw_after(numbers, mask, rng.uniform(numbers.sizes()), 1));
}

std::vector<RecipeFor<CategoricalNadeOptions>> CategoricalNade::recipes() {
  return {{"all data",
           always<CategoricalNadeOptions>,
           {{"hidden", "100"},
            {"epochs", "40"},
            {"least_steps", "1000"},
            {"schedule", "cosine"},
            {"learning_rate", "0.002"},
            {"ema", "0.99"}}}};
}

}  // namespace kiln
