#include "kiln/models/autoregressive/nade.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <numbers>

#include "kiln/core/check.h"
#include "kiln/kernels/nade_scan.h"
#include "kiln/models/bayes_rule.h"
#include "kiln/nn/known_prefix.h"
#include "kiln/prob/bernoulli.h"

namespace kiln {
namespace {

const NadeOptions& checked_shape(const NadeOptions& o) {
  checked("nade", o);
  ItemShape{o.data_dim, o.channels, o.height, o.width}.check("nade");
  check_condition("nade", o.condition, o.classes);
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
      c_(register_parameter("c", torch::zeros({o.hidden}))) {
  const auto classes = o.conditional_classes();
  if (classes == 0) return;
  U_ = register_parameter("U", small_normal(classes, o.hidden));
  class_log_shares_ = register_buffer("class_log_shares", log_shares_of({}, classes));
  order_after_classes_ = torch::cat({torch::arange(classes), order_ + classes});
}

// A class is K numbers that are visited first and always given, one of them 1, the others 0: what
// it adds to a is U_y, and its numbers have V = b = 0, so each has the log-mass -ln 2.
NadeTensors Nade::tensors() const {
  if (!U_.defined()) return {W_, V_, b_, c_, order_};
  return {torch::cat({U_, W_}), torch::cat({torch::zeros_like(U_), V_}),
          torch::cat({torch::zeros({U_.size(0)}, b_.options()), b_}), c_, order_after_classes_};
}

// x [B, D], behind the numbers of its class where there is a condition.
Tensor Nade::given_first(std::string_view where, const Tensor& x, const Tensor& labels) const {
  if (!U_.defined()) return x;
  return torch::cat({one_hot_labels(where, labels, x.size(0), classes()).to(x.options()), x}, 1);
}

// With W and V at 0 this is the independent model of greatest likelihood.
void Nade::start_from_data(const DataMoments& moments) {
  torch::NoGradGuard no_grad;
  b_.copy_(log_odds(moments.mean.reshape({options_.data_dim}), 1e-3));
  if (U_.defined()) class_log_shares_.copy_(log_shares_of(moments.class_shares, classes()));
}

// log p(x) = sum_i log p(x_d | pixels before d); the recurrence a_{i+1} = a_i + W_d x_d makes one
// pass of O(D H) of it.
Tensor Nade::log_prob(const Batch& batch) {
  constexpr auto kWhere = "nade.log_prob";
  const auto x = given_first(kWhere, shape().flat(kWhere, "x", batch.x), batch.y);
  const auto log_p = -nade_nll(x, tensors());
  return U_.defined() ? log_p + static_cast<double>(classes()) * std::numbers::ln2 : log_p;
}

Tensor Nade::logits(const Batch& batch) {
  constexpr auto kWhere = "nade.logits";
  const auto x = given_first(kWhere, shape().flat(kWhere, "x", batch.x), batch.y);
  return nade_logits_cumsum(x, tensors()).narrow(1, classes(), options_.data_dim);
}

Tensor Nade::log_conditionals(const Batch& batch) {
  return bernoulli_log_probs(shape().flat("nade.log_conditionals", "x", batch.x), logits(batch));
}

Tensor Nade::class_logits(const Batch& batch) {
  if (!U_.defined())
    throw ConfigError("nade.class_logits", "was trained without classes; use condition label");
  return bayes_logits(*this, batch, class_log_shares_);
}

std::vector<Player> Nade::players() {
  return {
      {.name = "model", .parameters = trainable(), .objective = [this](const Batch& batch, Rng&) {
         return Objective{.loss = -log_prob(batch).mean()};
       }}};
}

Tensor Nade::draw_samples(const SampleRequest& request, Rng& rng) {
  const auto uniform = rng.uniform({request.count, options_.data_dim});
  const auto labels = U_.defined() ? labels_of(request, classes()) : Tensor();
  return shape().shaped(draw_after(uniform, labels, {}, request.temperature));
}

Tensor Nade::draw(const Batch& uniform) { return draw_after(uniform.x, uniform.y, {}, 1); }

// uniform [B, D]; given [B, D] uint8, 2 where a pixel is drawn, or undefined where all are.
Tensor Nade::draw_after(const Tensor& uniform, const Tensor& labels, const Tensor& given,
                        double temperature) const {
  if (!U_.defined()) return nade_draw(uniform, given, temperature, tensors());
  const auto free = given.defined() ? given : torch::full_like(uniform, 2, torch::kUInt8);
  const auto behind = given_first("nade.draw", free, labels);
  const auto joined =
      torch::cat({torch::zeros({uniform.size(0), classes()}, uniform.options()), uniform}, 1);
  return nade_draw(joined, behind, temperature, tensors()).narrow(1, classes(), options_.data_dim);
}

Tensor Nade::draw_one(const Batch& batch, std::int64_t d, const Tensor& uniform) {
  torch::NoGradGuard no_grad;
  return uniform.lt(torch::sigmoid(logits(batch).select(1, d))).to(batch.x.scalar_type());
}

// The known pixels must be a prefix of the ordering; then ancestral sampling goes on from them.
Tensor Nade::complete(const Batch& batch, const Tensor& known, Rng& rng) {
  torch::NoGradGuard no_grad;
  const auto pixels = shape().flat("nade.complete", "x", batch.x);
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
  return shape().shaped(draw_after(rng.uniform(pixels.sizes()), batch.y, given, 1));
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
