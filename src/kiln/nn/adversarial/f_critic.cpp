#include "kiln/nn/adversarial/f_critic.h"

#include <torch/types.h>

#include <array>
#include <numbers>

#include "kiln/core/check.h"

namespace kiln {
namespace {

struct Row {
  std::string_view name;
  Tensor (*activation)(const Tensor& v);
  Tensor (*conjugate)(const Tensor& v);  // f*(g_f(v))
};

Tensor same(const Tensor& v) { return v; }
Tensor half_tanh(const Tensor& v) { return .5 * v.tanh(); }
Tensor one_less_exp(const Tensor& v) { return -(-v).expm1(); }

// Lambert's W of e^x by Newton's method on w + ln w = x.  The last two steps have a graph, so that
// first and second derivatives are right.
Tensor lambert_w_of_exp(const Tensor& x) {
  const auto newton = [&](const Tensor& w) { return w * (1 + x - w.log()) / (1 + w); };
  Tensor w;
  {
    torch::NoGradGuard no_grad;
    w = at::where(x < -2, x.exp(), at::softplus(x));
    for (int i = 0; i < 8; ++i) w = newton(w);
  }
  return newton(newton(w));
}

// W + 1/W + v - 2, W = W(e^(1-v)); v above 60 counts as 60 in W.
Tensor jeffreys_conjugate(const Tensor& v) {
  const auto w = lambert_w_of_exp((1 - v).clamp_min(-59));
  return w + 1 / w + v - 2;
}

const std::array<Row, 9> kRows{{
    {"tv", half_tanh, half_tanh},
    {"kl", same, [](const Tensor& v) { return (v - 1).exp(); }},
    {"reverse_kl", [](const Tensor& v) { return -(-v).exp(); },
     [](const Tensor& v) { return v - 1; }},
    {"pearson", same,
     [](const Tensor& v) {
       const auto inside = v.clamp_min(-2);
       return inside * inside / 4 + inside;
     }},
    {"neyman", one_less_exp, [](const Tensor& v) { return -2 * (-v / 2).expm1(); }},
    {"hellinger", one_less_exp, [](const Tensor& v) { return v.expm1(); }},
    {"jeffreys", same, jeffreys_conjugate},
    {"js", [](const Tensor& v) { return std::numbers::ln2 + at::log_sigmoid(v); },
     [](const Tensor& v) { return -at::log_sigmoid(-v) - std::numbers::ln2; }},
    {"gan", [](const Tensor& v) { return at::log_sigmoid(v); },
     [](const Tensor& v) { return -at::log_sigmoid(-v); }},
}};

const Row& row_of(const FDivergence& f) {
  for (const auto& row : kRows)
    if (row.name == f.name) return row;
  KILN_ASSERT(false);
}

bool is_alpha(const FDivergence& f) { return f.name.starts_with("alpha:"); }

}  // namespace

Tensor f_activation(const FDivergence& f, const Tensor& v) {
  if (!is_alpha(f)) return row_of(f).activation(v);
  return f.alpha > 1 ? v : 1 / (1 - f.alpha) + at::log_sigmoid(v);
}

Tensor f_conjugate_of_activation(const FDivergence& f, const Tensor& v) {
  if (!is_alpha(f)) return row_of(f).conjugate(v);
  const double a = f.alpha;
  const auto base = a > 1 ? (v * (a - 1) + 1).clamp_min(0) : -(1 - a) * at::log_sigmoid(v);
  return (base.pow(a / (a - 1)) - 1) / a;
}

}  // namespace kiln
