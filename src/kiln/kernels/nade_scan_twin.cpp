#include "kiln/kernels/nade_scan_twin.h"

#include <torch/types.h>
#include <torch/utils.h>

namespace kiln {

// a_1 = c;  a_{i+1} = a_i + x_d W_d;  h_i = sigmoid(a_i);  l_d = V_d . h_i + b_d,  d = order[i].
Tensor nade_logits_cumsum(const Tensor& x, const NadeTensors& nade) {
  const auto order = nade.order.to(x.device());
  const auto terms = x.index_select(1, order).unsqueeze(-1) * nade.W.index_select(0, order);
  const auto a = torch::cumsum(terms, 1) - terms + nade.c;  // without the term of the step itself
  const auto l = (torch::sigmoid(a) * nade.V.index_select(0, order)).sum(-1);
  return l.index_select(1, torch::argsort(order)) + nade.b;
}

Tensor nade_logits_loop(const Tensor& x, const NadeTensors& nade) {
  const auto order = nade.order.to(torch::kCPU);
  const auto* visited = order.data_ptr<std::int64_t>();
  auto a = nade.c.expand({x.size(0), -1});
  std::vector<Tensor> logits(static_cast<std::size_t>(x.size(1)));
  for (std::int64_t i = 0; i < x.size(1); ++i) {
    const auto d = visited[i];
    logits[static_cast<std::size_t>(d)] = torch::mv(torch::sigmoid(a), nade.V[d]) + nade.b[d];
    a = torch::addcmul(a, x.select(1, d).unsqueeze(1), nade.W[d]);
  }
  return torch::stack(logits, 1);
}

Tensor nade_nll_of_logits(const Tensor& x, const Tensor& logits) {
  return torch::binary_cross_entropy_with_logits(logits, x, {}, {}, at::Reduction::None).sum(1);
}

Tensor nade_draw_loop(const Tensor& uniform, const Tensor& given, double temperature,
                      const NadeTensors& nade) {
  torch::NoGradGuard no_grad;
  const auto order = nade.order.to(torch::kCPU);
  const auto* visited = order.data_ptr<std::int64_t>();
  const auto x = torch::empty(uniform.sizes(), nade.W.options());
  auto a = nade.c.expand({uniform.size(0), -1});
  for (std::int64_t i = 0; i < uniform.size(1); ++i) {
    const auto d = visited[i];
    const auto logits = torch::mv(torch::sigmoid(a), nade.V[d]) + nade.b[d];
    auto pixel = (uniform.select(1, d) < torch::sigmoid(logits / temperature)).to(x.dtype());
    if (given.defined())
      pixel = torch::where(given.select(1, d) == 2, pixel, given.select(1, d).to(x.dtype()));
    x.select(1, d).copy_(pixel);
    a = torch::addcmul(a, pixel.unsqueeze(1), nade.W[d]);
  }
  return x;
}

}  // namespace kiln
