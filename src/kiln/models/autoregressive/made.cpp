#include "kiln/models/autoregressive/made.h"

#include <fmt/format.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>

#include "kiln/core/check.h"
#include "kiln/core/philox.h"
#include "kiln/models/bayes_rule.h"
#include "kiln/nn/layer_size.h"
#include "kiln/nn/masked_draw.h"
#include "kiln/prob/bernoulli.h"
#include "kiln/prob/log_mean_exp.h"

namespace kiln {
namespace {

ItemShape shape_of(const MadeOptions& o) { return {o.data_dim, o.channels, o.height, o.width}; }

const MadeOptions& checked_made(const MadeOptions& o) {
  checked("made", o);
  shape_of(o).check("made");
  check_condition("made", o.condition, o.classes);
  if (o.layers > 0) check_layer_size("made", o.data_dim, o.hidden);
  if (o.layers > 1) check_layer_size("made", o.hidden, o.hidden);
  if (o.direct) check_layer_size("made.direct", o.data_dim, o.data_dim);
  if (o.masks > 1 && o.layers == 0 && !o.order_agnostic)
    throw ConfigError("made.masks", fmt::format("without hidden layers all {} mask sets would be "
                                                "the same; use 1, or order_agnostic",
                                                o.masks));
  if (o.order_agnostic && o.masks == 1)
    throw ConfigError("made.order_agnostic", "needs masks of at least 2: one order for each");
  return o;
}

// Set r draws its degrees, and its order if it has one of its own, from streams of its own.
std::vector<Degrees> make_sets(const MadeOptions& o) {
  std::vector<Degrees> sets;
  const auto first = shape_of(o).ordering_of(o);
  for (std::int64_t r = 0; r < o.masks; ++r) {
    const bool own = o.order_agnostic && r > 0;
    const auto order = own ? shape_of(o).ordering(Ordering::random, o.ordering_seed + r) : first;
    const auto key = derive_key(static_cast<std::uint64_t>(o.mask_seed), "degrees",
                                static_cast<std::uint64_t>(r));
    sets.push_back(draw_degrees(order, o.layers, o.hidden, key));
  }
  return sets;
}

}  // namespace

Made::Made(const MadeOptions& o)
    : options_(checked_made(o)),
      sets_(make_sets(o)),
      c_(register_parameter("c", torch::zeros({o.data_dim}))) {
  for (std::int64_t l = 1; l <= o.layers; ++l)
    hidden_.push_back(register_module(fmt::format("hidden{}", l),
                                      torch::nn::Linear(l == 1 ? o.data_dim : o.hidden, o.hidden)));
  // Small: every conditional starts close to its pixel's own frequency.
  if (o.layers > 0) V_ = register_parameter("V", torch::randn({o.data_dim, o.hidden}) * 0.01);
  if (o.direct) direct_ = register_parameter("direct", torch::zeros({o.data_dim, o.data_dim}));
  if (o.masks > 1) round_ = register_buffer("round", torch::zeros({}, torch::kInt64));
  const auto classes = o.conditional_classes();
  if (classes == 0) return;
  U_ =
      register_parameter("U", torch::randn({classes, o.layers > 0 ? o.hidden : o.data_dim}) * 0.01);
  class_log_shares_ = register_buffer("class_log_shares", log_shares_of({}, classes));
}

ItemShape Made::shape() const { return shape_of(options_); }

MaskedNetwork Made::network() const {
  MaskedNetwork network{{}, {}, V_, c_, direct_, options_.activation};
  for (const auto& layer : hidden_) {
    network.weights.push_back(layer->weight);
    network.biases.push_back(layer->bias);
  }
  return network;
}

// A class in place of the shift of each item: what a sampler takes.
MaskedNetwork Made::network_given(std::int64_t label) const {
  auto given = network();
  auto& bias = hidden_.empty() ? given.output_bias : given.biases.front();
  bias = bias + U_[label];
  return given;
}

// With the other weights at 0 this is the independent model of greatest likelihood.
void Made::start_from_data(const DataMoments& moments) {
  torch::NoGradGuard no_grad;
  c_.copy_(log_odds(moments.mean.reshape({options_.data_dim}), 1e-3));
  if (U_.defined()) class_log_shares_.copy_(log_shares_of(moments.class_shares, classes()));
}

Tensor Made::logits(std::int64_t set, const Batch& batch) {
  const auto x = shape().flat("made.logits", "x", batch.x);
  auto given = network();
  if (U_.defined())
    given.shift =
        one_hot_labels("made.logits", batch.y, x.size(0), classes()).to(U_.options()).matmul(U_);
  return masked_logits(x, given, degrees(set));
}

// log p_r(x) = sum_d log p_r(x_d | pixels before d in set r's order).
Tensor Made::log_prob_of(std::int64_t set, const Batch& batch) {
  const auto pixels = shape().flat("made.log_prob", "x", batch.x);
  check_binary("made.log_prob", pixels);
  return bernoulli_log_probs(pixels, logits(set, {pixels, batch.y})).sum(1);
}

Tensor Made::class_logits(const Batch& batch) {
  if (!U_.defined())
    throw ConfigError("made.class_logits", "was trained without classes; use condition label");
  return bayes_logits(*this, batch, class_log_shares_);
}

// log p(x) = log (1/R) sum_r p_r(x).
Tensor Made::log_prob(const Batch& batch) {
  LogMeanExp mean;
  for (std::int64_t r = 0; r < options_.masks; ++r) mean.add(log_prob_of(r, batch).unsqueeze(0));
  return mean.value();
}

Tensor Made::set_conditionals(const Batch& batch, std::int64_t sets) {
  std::vector<Tensor> parts;
  for (std::int64_t r = 0; r < sets; ++r)
    parts.push_back(bernoulli_log_probs(batch.x, logits(r, batch)));
  return torch::stack(parts);
}

// p(x_1 .. x_i) = (1/R) sum_r p_r(x_1 .. x_i); a conditional is the ratio of two of these.
Tensor Made::log_conditionals(const Batch& batch) {
  const auto pixels = shape().flat("made.log_conditionals", "x", batch.x);
  check_binary("made.log_conditionals", pixels);
  const auto each = set_conditionals({pixels, batch.y}, shared_sets());
  if (each.size(0) == 1) return each[0];
  const auto order = ordering().to(batch.x.device());
  const auto prefix = torch::logsumexp(each.index_select(2, order).to(torch::kDouble).cumsum(2),
                                       0);  // + log R, which cancels
  const auto none = torch::full({prefix.size(0), 1}, std::log(static_cast<double>(each.size(0))),
                                prefix.options());
  const auto ratio = prefix - torch::cat({none, prefix.slice(1, 0, -1)}, 1);
  return torch::empty_like(ratio).index_copy(1, order, ratio).to(each.scalar_type());
}

std::vector<Player> Made::players() {
  return {
      {.name = "model", .parameters = trainable(), .objective = [this](const Batch& batch, Rng&) {
         const auto set =
             round_.defined() ? round_.item<std::int64_t>() % options_.masks : std::int64_t{0};
         return Objective{.loss = -log_prob_of(set, batch).mean()};
       }}};
}

void Made::begin_round(const Batch&, Rng&) {
  if (round_.defined()) round_.add_(1);
}

// Sets first .. first + sets - 1, which share their order; class by class where there are labels.
Tensor Made::draw_from(std::int64_t first, std::int64_t sets, const Batch& uniform,
                       double temperature) const {
  const auto drawn = [&](const MaskedNetwork& network, const Tensor& u) {
    std::vector<DegreeOrdered> ordered;
    for (std::int64_t r = first; r < first + sets; ++r) ordered.emplace_back(network, degrees(r));
    return draw_masked(ordered, u, temperature);
  };
  if (!U_.defined()) return drawn(network(), uniform.x);
  const auto labels = one_hot_labels("made.draw", uniform.y, uniform.x.size(0), classes());
  auto x = torch::empty_like(uniform.x, c_.options());
  for (std::int64_t y = 0; y < classes(); ++y) {
    const auto rows = labels.select(1, y).nonzero().squeeze(1);
    if (rows.size(0) > 0)
      x.index_copy_(0, rows,
                    drawn(network_given(y), uniform.x.index_select(0, rows)).to(x.scalar_type()));
  }
  return x;
}

Tensor Made::draw(const Batch& uniform) {
  check_shape("made.draw", "uniform", uniform.x, {kAny, options_.data_dim});
  return draw_from(0, shared_sets(), uniform, 1);
}

Tensor Made::draw_one(const Batch& batch, std::int64_t d, const Tensor& uniform) {
  torch::NoGradGuard no_grad;
  const auto order = ordering().to(batch.x.device());
  const auto place = order.eq(d).nonzero().item<std::int64_t>();
  const auto pixels = batch.x.to(c_.scalar_type()).index_fill(1, order.slice(0, place), 0);
  const auto each = set_conditionals({pixels, batch.y}, shared_sets());
  const auto evidence =
      each.index_select(2, order.slice(0, 0, place)).sum(2, false, torch::kDouble);
  const auto one = 1 - each.select(2, d).exp();  // pixel d is 0 here
  const auto probs = (torch::softmax(evidence, 0) * one).sum(0);
  return uniform.lt(probs).to(batch.x.scalar_type());
}

// A mixture is drawn by drawing a member first.
Tensor Made::draw_samples(const SampleRequest& request, Rng& rng) {
  const auto uniform = rng.uniform({request.count, options_.data_dim}).to(c_.device());
  const auto labels = U_.defined() ? labels_of(request, classes()).to(c_.device()) : Tensor();
  const double t = request.temperature;
  if (options_.masks == 1) return shape().shaped(draw_from(0, 1, {uniform, labels}, t));
  const auto member = rng.integers(options_.masks, {request.count}).to(c_.device());
  auto x = torch::empty_like(uniform);
  for (std::int64_t r = 0; r < options_.masks; ++r) {
    const auto rows = member.eq(r).nonzero().squeeze(1);
    if (rows.size(0) == 0) continue;
    const auto own = labels.defined() ? labels.index_select(0, rows) : Tensor();
    const auto part = draw_from(r, 1, {uniform.index_select(0, rows), own}, t);
    x.index_copy_(0, rows, part.to(x.scalar_type()));
  }
  return shape().shaped(x);
}

// Of each mask set: its order [D], the input at each place, and the degrees of the inputs [D] and
// of each hidden layer [H].  A hidden unit of degree m sees the inputs of degrees up to m, and the
// logit of an input of degree m sees hidden units of degrees below m.
std::vector<NamedTensor> Made::constants() const {
  std::vector<NamedTensor> list;
  for (std::int64_t r = 0; r < options_.masks; ++r) {
    list.push_back({fmt::format("set{}.ordering", r), degrees(r).order});
    const auto& layers = degrees(r).layers;
    for (std::size_t l = 0; l < layers.size(); ++l)
      list.push_back({fmt::format("set{}.degrees{}", r, l), layers[l]});
  }
  return list;
}

std::vector<RecipeFor<MadeOptions>> Made::recipes() {
  return {{"all data",
           always<MadeOptions>,
           {{"hidden", "2000"},
            {"direct", "true"},
            {"epochs", "14"},
            {"least_steps", "5000"},
            {"schedule", "cosine"},
            {"learning_rate", "0.001"},
            {"ema", "0.999"}}}};
}

}  // namespace kiln
