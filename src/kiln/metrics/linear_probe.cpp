#include "kiln/metrics/linear_probe.h"

#include <torch/optim/lbfgs.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <limits>

#include "kiln/core/check.h"

namespace kiln {
namespace {

constexpr int kStrengths = 8;  // 1e1, 1e0 .. 1e-6

Tensor with_ones(const Tensor& x) {
  return torch::cat({x, torch::ones({x.size(0), 1}, x.options())}, 1);
}

Tensor logits_of(const Tensor& weight, const Tensor& x) {
  return torch::matmul(with_ones(x), weight.t());
}

}  // namespace

// dL/dW = (softmax(W x) - onehot(y))^T x / N + l2 W, without the bias column in the second part.
LogisticLoss logistic_loss(const Tensor& weight, const Tensor& x, const Tensor& y, double l2) {
  const auto inputs = with_ones(x);
  const auto log_probs = torch::log_softmax(torch::matmul(inputs, weight.t()), 1);
  const auto n = static_cast<double>(x.size(0));
  auto penalised = weight.clone();
  penalised.select(1, weight.size(1) - 1).zero_();
  const auto error = log_probs.exp() - torch::one_hot(y, weight.size(0));
  return {-log_probs.gather(1, y.unsqueeze(1)).mean() + 0.5 * l2 * penalised.square().sum(),
          torch::matmul(error.t(), inputs) / n + l2 * penalised};
}

Tensor fit_logistic(const Tensor& x, const Tensor& y, std::int64_t classes, double l2,
                    const Tensor& start) {
  check_shape("linear_probe", "x", x, {kAny, kAny});
  check_shape("linear_probe", "y", y, {x.size(0)});
  auto weight =
      start.defined() ? start.clone() : torch::zeros({classes, x.size(1) + 1}, torch::kFloat64);
  weight.set_requires_grad(true);
  torch::optim::LBFGS solver({weight}, torch::optim::LBFGSOptions(1)
                                           .max_iter(500)
                                           .tolerance_grad(1e-9)
                                           .tolerance_change(1e-14)
                                           .history_size(20)
                                           .line_search_fn("strong_wolfe"));
  solver.step([&] {
    torch::NoGradGuard no_grad;
    const auto loss = logistic_loss(weight, x, y, l2);
    weight.mutable_grad() = loss.gradient;
    return loss.value;
  });
  return weight.detach();
}

Tensor LinearProbe::logits(const Tensor& features) const {
  return logits_of(weight, scale.standard(features.to(torch::kFloat64)));
}

Tensor LinearProbe::predict(const Tensor& features) const { return logits(features).argmax(1); }

FittedProbes fit_linear_probe(const Tensor& fit_x, const Tensor& fit_y, const Tensor& held_out_x,
                              const Tensor& held_out_y, std::int64_t classes) {
  const auto some = scale_of_items("linear_probe", fit_x);
  const auto x = some.standard(fit_x.to(torch::kFloat64)),
             apart = some.standard(held_out_x.to(torch::kFloat64));
  Tensor weight, best_weight;
  double best_l2 = 0, least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kStrengths; ++i) {  // each starts where a stronger penalty ended
    const double l2 = std::pow(10.0, 1 - i);
    weight = fit_logistic(x, fit_y, classes, l2, weight);
    const double loss = logistic_loss(weight, apart, held_out_y, 0).value.item<double>();
    if (loss < least) least = loss, best_l2 = l2, best_weight = weight;
  }
  const auto all_x = torch::cat({fit_x, held_out_x}), all_y = torch::cat({fit_y, held_out_y});
  const auto scale = scale_of_items("linear_probe", all_x);
  const auto all =
      fit_logistic(scale.standard(all_x.to(torch::kFloat64)), all_y, classes, best_l2, best_weight);
  return {{some, best_weight, best_l2}, {scale, all, best_l2}};
}

double accuracy(const Tensor& predicted, const Tensor& y) {
  check_shape("accuracy", "predicted", predicted, {y.size(0)});
  return (predicted == y).to(torch::kFloat64).mean().item<double>();
}

}  // namespace kiln
