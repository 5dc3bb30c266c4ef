#include "kiln/models/autoregressive/nade.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kiln/core/check.h"
#include "kiln/kernels/nade_scan.h"
#include "kiln/models/request.h"
#include "kiln/nn/known_prefix.h"
#include "kiln/prob/bernoulli.h"

namespace kiln {
namespace {

const NadeOptions& checked_shape(const NadeOptions& o) {
  checked("nade", o);
  ItemShape{o.data_dim, o.channels, o.height, o.width}.check("nade");
  return o;
}

// Small weights: every conditional starts close to its pixel's own frequency.
Tensor small_normal(std::int64_t rows, std::int64_t columns) {
  return torch::randn({rows, columns}) * 0.01;
}

}  // namespace

Nade::Nade(const NadeOptions& o)
    : options_(checked_shape(o)),
      order_(torch::tensor(shape().ordering_of(o))),
      W_(register_parameter("W", small_normal(o.data_dim, o.hidden))),
      V_(o.tied ? W_ : register_parameter("V", small_normal(o.data_dim, o.hidden))),
      b_(register_parameter("b", torch::zeros({o.data_dim}))),
      c_(register_parameter("c", torch::zeros({o.hidden}))) {}

// With W and V at 0 this is the independent model of greatest likelihood.
void Nade::start_from_data(const DataMoments& moments) {
  torch::NoGradGuard no_grad;
  b_.copy_(log_odds(moments.mean.reshape({options_.data_dim}), 1e-3));
}

// log p(x) = sum_i log p(x_d | pixels before d); the recurrence a_{i+1} = a_i + W_d x_d makes one
// pass of O(D H) of it.
Tensor Nade::log_prob(const Tensor& x) {
  return -nade_nll(shape().flat("nade.log_prob", "x", x), tensors());
}

Tensor Nade::logits(const Tensor& x) {
  return nade_logits_cumsum(shape().flat("nade.logits", "x", x), tensors());
}

Tensor Nade::log_conditionals(const Tensor& x) {
  return bernoulli_log_probs(shape().flat("nade.log_conditionals", "x", x), logits(x));
}

std::vector<Player> Nade::players() {
  return {
      {.name = "model", .parameters = trainable(), .objective = [this](const Batch& batch, Rng&) {
         return Objective{.loss = -log_prob(batch.x).mean()};
       }}};
}

Tensor Nade::sample(const SampleRequest& request, Rng& rng) {
  check_tempered("nade.sample", request);
  const auto uniform = rng.uniform({request.count, options_.data_dim});
  return shape().shaped(nade_draw(uniform, {}, request.temperature, tensors()));
}

Tensor Nade::draw(const Tensor& uniform) { return nade_draw(uniform, {}, 1.0, tensors()); }

Tensor Nade::draw_one(const Tensor& x, std::int64_t d, const Tensor& uniform) {
  torch::NoGradGuard no_grad;
  return uniform.lt(torch::sigmoid(logits(x).select(1, d))).to(x.scalar_type());
}

// The known pixels must be a prefix of the ordering; then ancestral sampling goes on from them.
Tensor Nade::complete(const Tensor& x, const Tensor& known, Rng& rng) {
  torch::NoGradGuard no_grad;
  const auto pixels = shape().flat("nade.complete", "x", x);
  const auto mask = shape().flat("nade.complete", "known", known).ne(0);
  if (pixels.size(0) != mask.size(0))
    throw ShapeError("nade.complete", fmt::format("x and known must agree, got {} and {} images",
                                                  pixels.size(0), mask.size(0)));
  check_known_prefix("nade.complete", mask, order_, options_.ordering, {"pixel", "image"});
  const auto wrong = mask.logical_and(pixels.ne(0)).logical_and(pixels.ne(1));
  if (wrong.any().item<bool>())
    throw ConfigError("nade.complete",
                      "known pixels must be 0 or 1; add binarize=threshold to the data source");
  const auto given =
      torch::where(mask, pixels.eq(1).to(torch::kUInt8), torch::full({}, 2, torch::kUInt8));
  return shape().shaped(nade_draw(rng.uniform(pixels.sizes()), given, 1.0, tensors()));
}

std::vector<RecipeFor<NadeOptions>> Nade::recipes() {
  return {{"all data",
           always<NadeOptions>,
           {{"epochs", "50"},
            {"least_steps", "5000"},
            {"schedule", "cosine"},
            {"learning_rate", "0.001"},
            {"ema", "0.999"}}}};
}

}  // namespace kiln
