#include "kiln/nn/adversarial/dense_pass.h"

#include <ATen/Parallel.h>
#include <torch/types.h>

#include "kiln/kernels/leaky_rows.h"
#include "kiln/kernels/matrix_product.h"

namespace kiln {
namespace {

Tensor product(const Tensor& a, const Tensor& b) {
  if (a.device().is_cpu() && a.scalar_type() == torch::kFloat32) return matrix_product(a, b);
  return at::mm(a, b);
}

// a^T b of two tall matrices: sums over the batch, made in two halves that two threads can take.
// The wider matrix comes second.
Tensor sum_of_products(const Tensor& a, const Tensor& b) {
  if (a.size(1) > b.size(1)) return sum_of_products(b, a).t().contiguous();
  Tensor halves[2];
  const auto middle = a.size(0) / 2;
  at::parallel_for(0, 2, 1, [&](std::int64_t first, std::int64_t last) {
    for (auto i = first; i < last; ++i) {
      const auto from = i * middle, rows = i == 0 ? middle : a.size(0) - middle;
      halves[i] = product(a.narrow(0, from, rows).t(), b.narrow(0, from, rows));
    }
  });
  return halves[0].add_(halves[1]);
}

Tensor last_rows(const Tensor& t, std::int64_t rows) { return t.narrow(0, t.size(0) - rows, rows); }

std::int64_t count(const std::vector<Tensor>& list) {
  std::int64_t all = 0;
  for (const auto& tensor : list) all += tensor.numel();
  return all;
}

}  // namespace

std::vector<Tensor> in_shapes_of(const std::vector<Tensor>& like, const Tensor& flat) {
  std::vector<Tensor> list;
  std::int64_t at = 0;
  for (const auto& tensor : like) {
    list.push_back(flat.narrow(0, at, tensor.numel()).view(tensor.sizes()));
    at += tensor.numel();
  }
  return list;
}

DensePass::Top DensePass::top_of(const std::vector<Tensor>& weights) const {
  const auto n = weights.size();
  return {weights[n - 4], weights[n - 3], weights[n - 2][0], weights[n - 1]};
}

DensePass::DensePass(const std::vector<Tensor>& weights, double slope, const Tensor& x)
    : weights_(weights), slope_(slope), h_{x} {
  for (std::size_t l = 0; 2 * l + 4 < weights.size(); ++l) {
    h_.push_back(product(h_[l], weights[2 * l].t()));
    leaky_rows(h_.back(), weights[2 * l + 1], slope);
  }
  const auto [W, b, w, c] = top_of(weights);
  top_slope_ = product(h_.back(), W.t());
  y_ = leaky_dots(top_slope_, b, w, slope).add_(c);
}

// With G = F^T (y' * h) and n = F^T y' the gradients by the last two layers are
//
//   W: w * G,   b: w * n,   w: (W * G) 1 + b * n,   c: y' 1
//
// and dy / dh = V = F (w * W).  Below them p_l = F_l * (the gradient by h_{l+1}) goes down:
// W_l: p_l^T h_l, b_l: p_l^T 1, h_l: p_l W_l.
Tensor DensePass::gradient(const Tensor& slopes) {
  slopes_ = slopes;
  const auto flat = at::empty({count(weights_)}, y_.options());
  auto by = in_shapes_of(weights_, flat);
  auto top = top_of(weights_), out = top_of(by);
  g_ = sum_of_products(top_slope_, row_sum({.x = h_.back(), .by_x = slopes}, slope_));
  n_ = at::mv(top_slope_.t(), slopes);
  row_sum_into(out.W, {.x = g_, .by_x = top.w}, slope_);
  at::mul_out(out.b, top.w, n_);
  at::addcmul_out(out.w, row_dots(top.W, g_), top.b, n_);
  at::sum_out(out.c, slopes, {0}, true);
  v_ = product(top_slope_, row_sum({.x = top.W, .by_x = top.w}, slope_));
  p_.resize(h_.size() - 1);
  RowSum upper{.x = v_, .by_x = slopes};
  for (auto l = p_.size(); l-- > 0;) {
    upper.below = h_[l + 1];
    p_[l] = row_sum(upper, slope_);
    by[2 * l].copy_(sum_of_products(p_[l], h_[l]));
    at::sum_out(by[2 * l + 1], p_[l], {0});
    if (l > 0) upper = {.x = product(p_[l], weights_[2 * l])};
  }
  return flat;
}

Tensor DensePass::input_gradient() const {
  return p_.empty() ? row_sum({.x = v_, .by_x = slopes_}, slope_) : product(p_[0], weights_[0]);
}

// Derivatives along a direction s: of h_0 ... h_{L-1}, nothing at h_0, where it is 0; of V; of y.
struct DensePass::Tangent {
  std::vector<Tensor> h;
  Tensor v, y;
};

// With the top's direction (S, b', w', c') and h' that of h:
//
//   V' = F (w * S + w' * W),   y' = h . V' + h' . V + F (w * b' + w' * b) + c'
DensePass::Tangent DensePass::tangent(const std::vector<Tensor>& s) const {
  Tangent d{.h = {Tensor()}, .v = {}, .y = {}};
  for (std::size_t l = 0; l < p_.size(); ++l) {
    const auto a = product(h_[l], s[2 * l].t());
    const auto more = l > 0 ? product(d.h[l], weights_[2 * l].t()) : Tensor();
    row_sum_into(a, {.x = a, .y = more, .bias = s[2 * l + 1], .below = h_[l + 1]}, slope_);
    d.h.push_back(a);
  }
  const auto top = top_of(weights_), along = top_of(s);
  d.v = product(top_slope_,
                row_sum({.x = along.W, .by_x = top.w, .y = top.W, .by_y = along.w}, slope_));
  d.y = row_dots(h_.back(), d.v, d.h.back(), v_);
  d.y.add_(at::mv(top_slope_, top.w * along.b + along.w * top.b)).add_(along.c);
  return d;
}

// With r = y'' * dy, J = F^T (y' * dh + r * h) and m = F^T r, d standing for derivatives along s,
// <gradient, s> has by the last two layers the gradients
//
//   W: w * J + dw * G,   b: w * m + dw * n,   w: (dW * G + W * J) 1 + db * n + b * m,   c: r 1
void DensePass::top_hessian(const std::vector<Tensor>& s, const Tangent& d, const Tensor& r,
                            Top out) const {
  const auto top = top_of(weights_), along = top_of(s);
  const auto mixed = row_sum({.x = h_.back(), .by_x = r, .y = d.h.back(), .by_y = slopes_}, slope_);
  const auto j = sum_of_products(top_slope_, mixed), m = at::mv(top_slope_.t(), r);
  row_sum_into(out.W, {.x = j, .by_x = top.w, .y = g_, .by_y = along.w}, slope_);
  at::mul_out(out.b, top.w, m).addcmul_(along.w, n_);
  at::addcmul_out(out.w, row_dots(along.W, g_, top.W, j), along.b, n_).addcmul_(top.b, m);
  at::sum_out(out.c, r, {0}, true);
}

// By h_{L-1} it is y' * dV + r * V, and q_l = F_l * (that by h_{l+1}) goes down beside p_l:
// W_l: q_l^T h_l + p_l^T dh_l, b_l: q_l^T 1, h_l: q_l W_l + p_l dW_l.
DensePass::Product DensePass::times_hessian(const Tensor& direction, const Tensor& curvatures,
                                            std::int64_t rows) const {
  const auto s = in_shapes_of(weights_, direction);
  const auto d = tangent(s);
  const auto r = curvatures * d.y;
  const auto flat = at::empty_like(direction);
  auto by = in_shapes_of(weights_, flat);
  top_hessian(s, d, r, top_of(by));
  RowSum upper{.x = d.v, .by_x = slopes_, .y = v_, .by_y = r};
  for (auto l = p_.size(); l-- > 0;) {
    upper.below = h_[l + 1];
    const auto q = row_sum(upper, slope_);
    by[2 * l].copy_(sum_of_products(q, h_[l]));
    if (l > 0) by[2 * l].add_(sum_of_products(p_[l], d.h[l]));
    at::sum_out(by[2 * l + 1], q, {0});
    const auto wanted = [&](const Tensor& t) { return l > 0 ? t : last_rows(t, rows); };
    upper = {.x = product(wanted(q), weights_[2 * l]), .y = product(wanted(p_[l]), s[2 * l])};
  }
  return {flat, last_rows(row_sum(upper, slope_), rows)};
}

}  // namespace kiln
