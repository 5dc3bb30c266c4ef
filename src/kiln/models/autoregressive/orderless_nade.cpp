#include "kiln/models/autoregressive/orderless_nade.h"

#include <fmt/format.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kiln/core/check.h"
#include "kiln/core/philox.h"
#include "kiln/nn/layer_size.h"
#include "kiln/prob/bernoulli.h"
#include "kiln/prob/log_mean_exp.h"

namespace kiln {
namespace {

constexpr std::int64_t kCellsAtOnce = 1 << 20;  // hidden units of all rows of a scan: 4 MiB

ItemShape shape_of(const OrderlessNadeOptions& o) {
  return {o.data_dim, o.channels, o.height, o.width};
}

const OrderlessNadeOptions& checked_orderless(const OrderlessNadeOptions& o) {
  checked("orderless_nade", o);
  shape_of(o).check("orderless_nade");
  check_layer_size("orderless_nade", o.data_dim, o.hidden);
  if (o.layers > 1) check_layer_size("orderless_nade", o.hidden, o.hidden);
  return o;
}

// The first order, then random ones: [S, D].
Tensor make_orders(const OrderlessNadeOptions& o) {
  std::vector<Tensor> orders;
  for (std::int64_t s = 0; s < o.ensemble; ++s)
    orders.push_back(
        torch::tensor(s == 0 ? shape_of(o).ordering_of(o)
                             : shape_of(o).ordering(Ordering::random, o.ordering_seed + s)));
  return torch::stack(orders);
}

Tensor uniform_within(double bound, at::IntArrayRef shape) {
  return (torch::rand(shape) * 2 - 1) * bound;
}

}  // namespace

// W and U are the two halves of a first layer over 2D inputs, and start as LibTorch starts that.
OrderlessNade::OrderlessNade(const OrderlessNadeOptions& o)
    : options_(checked_orderless(o)),
      orders_(make_orders(o)),
      first_order_(orders_[0].contiguous()),
      W_(register_parameter("W",
                            uniform_within(1 / std::sqrt(2.0 * static_cast<double>(o.data_dim)),
                                           {o.data_dim, o.hidden}))),
      U_(register_parameter("U",
                            uniform_within(1 / std::sqrt(2.0 * static_cast<double>(o.data_dim)),
                                           {o.data_dim, o.hidden}))),
      c_(register_parameter("c", torch::zeros({o.hidden}))) {
  for (std::int64_t l = 2; l <= o.layers; ++l)
    hidden_.push_back(
        register_module(fmt::format("hidden{}", l), torch::nn::Linear(o.hidden, o.hidden)));
  V_ = register_parameter("V", torch::randn({o.data_dim, o.hidden}) * 0.01);
  b_ = register_parameter("b", torch::zeros({o.data_dim}));
}

ItemShape OrderlessNade::shape() const { return shape_of(options_); }

// With V at 0 this is the independent model of greatest likelihood.
void OrderlessNade::start_from_data(const DataMoments& moments) {
  torch::NoGradGuard no_grad;
  b_.copy_(log_odds(moments.mean.reshape({options_.data_dim}), 1e-3));
}

Tensor OrderlessNade::upper(Tensor h) const {
  for (const auto& layer : hidden_) h = torch::linear(h, layer->weight, layer->bias).relu_();
  return h;
}

// The input [x * m, m]: without the second half an unknown pixel would look like a known 0.
Tensor OrderlessNade::logits(const Tensor& x, const Tensor& known) {
  const auto m = known.to(W_.scalar_type());
  const auto seen = torch::where(m.ne(0), x.to(W_.scalar_type()), torch::zeros_like(m));
  const auto a = torch::addmm(torch::addmm(c_, seen, W_), m, U_);
  return torch::linear(upper(a.relu()), V_, b_);
}

Tensor OrderlessNade::objective_of(const Tensor& x, const Tensor& known) {
  const auto unknown = 1 - known.to(W_.scalar_type());
  const auto nll = -(bernoulli_log_probs(x, logits(x, known)) * unknown).sum(1);
  return nll * (static_cast<double>(options_.data_dim) / unknown.sum(1));
}

// r = floor(D u^2) + 1 has P(r) = q(r).  The u of a batch are one in each of `count` equal parts of
// [0, 1), all turned by the same random amount: each is uniform, together they are spread evenly.
OrderlessNade::KnownSets OrderlessNade::random_known(std::int64_t count, Rng& rng) const {
  const auto dims = static_cast<std::size_t>(options_.data_dim);
  const auto D = static_cast<double>(dims);
  const KnownSets sets{torch::zeros({count, options_.data_dim}), torch::empty({count})};
  std::vector<std::size_t> shuffled(dims);
  std::iota(shuffled.begin(), shuffled.end(), std::size_t{0});
  Philox philox(rng.key());
  const double turn = philox.uniform();
  for (std::int64_t row = 0; row < count; ++row) {
    const double place = (static_cast<double>(row) + philox.uniform()) / static_cast<double>(count);
    const double u = std::fmod(place + turn, 1.0);
    const auto unknown = std::min(dims, static_cast<std::size_t>(D * u * u) + 1);
    const auto r = static_cast<double>(unknown);
    sets.weight.data_ptr<float>()[row] =
        static_cast<float>(1 / (D * (std::sqrt(r / D) - std::sqrt((r - 1) / D))));
    auto* marks = sets.known.data_ptr<float>() + static_cast<std::size_t>(row) * dims;
    for (std::size_t i = 0; i + unknown < dims; ++i) {
      std::swap(shuffled[i], shuffled[i + philox.below(dims - i)]);
      marks[shuffled[i]] = 1;
    }
  }
  return {sets.known.to(rng.device()), sets.weight.to(rng.device())};
}

std::vector<Player> OrderlessNade::players() {
  return {{.name = "model",
           .parameters = trainable(),
           .objective = [this](const Batch& batch, Rng& rng) {
             const auto x = shape().flat("orderless_nade.objective", "x", batch.x);
             check_binary("orderless_nade.objective", x);
             const auto sets = random_known(x.size(0), rng);
             const auto nll = objective_of(x, sets.known.to(x.device()));
             return Objective{.loss = (sets.weight.to(nll) * nll).mean()};
           }}};
}

/// The network while pixels become known one by one: S orders of B rows.  The first layer's sums
/// are kept, and a new pixel adds one row of W and one of U to them; only the upper layers are
/// computed anew.
class OrderlessNade::Scan {
 public:
  Scan(const OrderlessNade& model, const Tensor& start, std::int64_t orders)
      : model_(model), sums_(start.expand({orders, -1, -1}).clone()) {}

  /// Of one pixel for each order, pixels [S] -> [S, B].
  Tensor logit(const Tensor& pixels) const {
    const auto h = model_.upper(sums_.relu().flatten(0, 1)).view_as(sums_);
    const auto bias = model_.b_.index_select(0, pixels).view({-1, 1, 1});
    const auto v = model_.V_.index_select(0, pixels).unsqueeze(2);
    return torch::baddbmm(bias, h, v).squeeze(2);
  }

  /// x [S, B] of those pixels.
  void observe(const Tensor& pixels, const Tensor& x) {
    sums_.addcmul_(x.unsqueeze(2), model_.W_.index_select(0, pixels).unsqueeze(1));
    sums_.add_(model_.U_.index_select(0, pixels).unsqueeze(1));
  }

  /// The same where `now` [S, B] is 1.
  void observe(const Tensor& pixels, const Tensor& x, const Tensor& now) {
    const auto w = model_.W_.index_select(0, pixels), u = model_.U_.index_select(0, pixels);
    sums_.addcmul_((x * now).unsqueeze(2), w.unsqueeze(1));
    sums_.addcmul_(now.unsqueeze(2), u.unsqueeze(1));
  }

 private:
  const OrderlessNade& model_;
  Tensor sums_;  // [S, B, H]
};

std::int64_t OrderlessNade::rows_at_once(std::int64_t orders) const {
  return std::max<std::int64_t>(1, kCellsAtOnce / (options_.hidden * orders));
}

// log p(x_d | pixels before d in order s), step by step: rows [B, D], orders [S, D], visit(i, [S,
// B]).
void OrderlessNade::scan(const Tensor& rows, const Tensor& orders, const Visit& visit) const {
  torch::NoGradGuard no_grad;
  const auto steps = orders.t().contiguous().to(rows.device());  // [D, S]
  const auto columns = rows.to(W_.scalar_type()).t().contiguous();
  Scan scan(*this, c_.expand({rows.size(0), -1}), orders.size(0));
  for (std::int64_t i = 0; i < options_.data_dim; ++i) {
    const auto values = columns.index_select(0, steps[i]);
    visit(i, bernoulli_log_probs(values, scan.logit(steps[i])));
    if (i + 1 < options_.data_dim) scan.observe(steps[i], values);
  }
}

Tensor OrderlessNade::log_prob_of_members(const Tensor& x) {
  const auto pixels = shape().flat("orderless_nade.log_prob", "x", x);
  check_binary("orderless_nade.log_prob", pixels);
  std::vector<Tensor> members;
  for (const auto& orders : orders_.split(rows_at_once(1))) {
    std::vector<Tensor> parts;
    for (const auto& rows : pixels.split(rows_at_once(orders.size(0)))) {
      const auto sum =
          torch::zeros({orders.size(0), rows.size(0)}, W_.options().dtype(torch::kDouble));
      scan(rows, orders, [&](std::int64_t, const Tensor& log_p) { sum.add_(log_p); });
      parts.push_back(sum);
    }
    members.push_back(torch::cat(parts, 1));
  }
  return torch::cat(members).to(W_.scalar_type());
}

// log p(x) = log (1/S) sum_s p(x | o_s).
Tensor OrderlessNade::log_prob(const Batch& batch) {
  LogMeanExp mean;
  mean.add(log_prob_of_members(batch.x));
  return mean.value();
}

Tensor OrderlessNade::log_conditionals(const Batch& batch) {
  const auto pixels = shape().flat("orderless_nade.log_conditionals", "x", batch.x);
  check_binary("orderless_nade.log_conditionals", pixels);
  const auto result = torch::empty(pixels.sizes(), W_.options().requires_grad(false));
  const auto at_once = rows_at_once(1);
  for (std::int64_t row = 0; row < pixels.size(0); row += at_once) {
    const auto part = result.slice(0, row, row + at_once);
    scan(pixels.slice(0, row, row + at_once), first_order_.unsqueeze(0),
         [&](std::int64_t i, const Tensor& log_p) {
           part.select(1, first_order_[i].item<std::int64_t>()).copy_(log_p[0]);
         });
  }
  return result;
}

// The known pixels enter the first layer together; the others are drawn in the first order.
Tensor OrderlessNade::fill(const Tensor& x, const Tensor& known, const Tensor& uniform,
                           double temperature) const {
  torch::NoGradGuard no_grad;
  const auto order = first_order_.to(uniform.device());
  std::vector<Tensor> parts;
  const auto at_once = rows_at_once(1);
  for (std::int64_t row = 0; row < uniform.size(0); row += at_once) {
    const auto m = known.slice(0, row, row + at_once).to(W_.scalar_type());
    const auto given = torch::where(m.ne(0), x.slice(0, row, row + at_once).to(m), m);
    Scan scan(*this, torch::addmm(c_, given, W_).addmm(m, U_), 1);
    const auto result = given.t().contiguous();
    const auto waiting = uniform.slice(0, row, row + at_once).to(m).t().contiguous();
    const auto open = (1 - m).t().contiguous();
    const auto left = open.sum(1).to(torch::kCPU);
    for (std::int64_t i = 0; i < options_.data_dim; ++i) {
      const auto d = first_order_[i].item<std::int64_t>();
      if (left[d].item<double>() == 0) continue;
      const auto pixel = order.slice(0, i, i + 1);
      const auto probs = torch::sigmoid(scan.logit(pixel)[0] / temperature);
      result[d].copy_(torch::where(open[d].ne(0), waiting[d].lt(probs).to(m), result[d]));
      scan.observe(pixel, result[d].unsqueeze(0), open[d].unsqueeze(0));
    }
    parts.push_back(result.t());
  }
  return torch::cat(parts).contiguous();
}

Tensor OrderlessNade::draw(const Batch& uniform) {
  check_shape("orderless_nade.draw", "uniform", uniform.x, {kAny, options_.data_dim});
  return fill(uniform.x, torch::zeros_like(uniform.x), uniform.x, 1);
}

Tensor OrderlessNade::draw_one(const Batch& batch, std::int64_t d, const Tensor& uniform) {
  torch::NoGradGuard no_grad;
  const auto place = first_order_.eq(d).nonzero().item<std::int64_t>();
  const auto earlier = first_order_.slice(0, 0, place).to(batch.x.device());
  const auto known = torch::zeros_like(batch.x).index_fill(1, earlier, 1);
  return uniform.lt(torch::sigmoid(logits(batch.x, known).select(1, d))).to(batch.x.scalar_type());
}

Tensor OrderlessNade::draw_samples(const SampleRequest& request, Rng& rng) {
  const auto uniform = rng.uniform({request.count, options_.data_dim}).to(W_.device());
  return shape().shaped(fill(uniform, torch::zeros_like(uniform), uniform, request.temperature));
}

Tensor OrderlessNade::complete(const Batch& batch, const Tensor& known, Rng& rng) {
  const auto pixels = shape().flat("orderless_nade.complete", "x", batch.x);
  const auto mask = shape().flat("orderless_nade.complete", "known", known).ne(0);
  if (pixels.size(0) != mask.size(0))
    throw ShapeError(
        "orderless_nade.complete",
        fmt::format("x and known must agree, got {} and {} images", pixels.size(0), mask.size(0)));
  check_binary("orderless_nade.complete", torch::where(mask, pixels, torch::zeros_like(pixels)));
  const auto uniform = rng.uniform(pixels.sizes()).to(W_.device());
  return shape().shaped(fill(pixels, mask, uniform, 1));
}

// The orders of the ensemble: [S, D], the first one being the ordering.
std::vector<NamedTensor> OrderlessNade::constants() const { return {{"orderings", orders_}}; }

std::vector<RecipeFor<OrderlessNadeOptions>> OrderlessNade::recipes() {
  return {{"all data",
           always<OrderlessNadeOptions>,
           {{"epochs", "50"},
            {"least_steps", "5000"},
            {"schedule", "cosine"},
            {"learning_rate", "0.001"},
            {"ema", "0.999"},
            {"validation_items", "300"}}}};
}

}  // namespace kiln
