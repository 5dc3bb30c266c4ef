#include "kiln/nn/adversarial/penalty.h"

#include <torch/autograd.h>
#include <torch/types.h>

#include "kiln/core/check.h"
#include "kiln/core/torch_compat.h"

namespace kiln {
namespace {

// Outputs are summed: where no item's output depends on another item, the gradient of the sum by x
// holds each output's own gradient.
Tensor squared_slope(const CriticFunction& critic, const Tensor& x) {
  const auto at = x.detach().requires_grad_();
  const auto slope = torch::autograd::grad({critic(at).sum()}, {at}, {}, kNone,
                                           /*create_graph=*/true)[0];
  return slope.flatten(1).square().sum(1);
}

}  // namespace

Tensor critic_slope(const CriticFunction& critic, const Tensor& x) {
  return (squared_slope(critic, x) + 1e-12).sqrt();
}

Tensor gradient_penalty(const CriticFunction& critic, const Tensor& real, const Tensor& fake,
                        Rng& rng) {
  KILN_ASSERT(real.sizes() == fake.sizes());
  std::vector<std::int64_t> shape(static_cast<std::size_t>(real.dim()), 1);
  shape[0] = real.size(0);
  const auto e = rng.uniform(shape).to(real.options());
  return (critic_slope(critic, e * real + (1 - e) * fake) - 1).square().mean();
}

Tensor r1_penalty(const CriticFunction& critic, const Tensor& real) {
  return squared_slope(critic, real).mean() / 2;
}

}  // namespace kiln
