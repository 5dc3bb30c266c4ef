#include "kiln/metrics/classifier_two_sample.h"

#include <fmt/format.h>
#include <torch/optim/lbfgs.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "kiln/core/check.h"
#include "kiln/metrics/linear_probe.h"
#include "kiln/prob/finite_rows.h"

namespace kiln {
namespace {

constexpr const char* kWhere = "classifier_two_sample";

using Options = ClassifierTwoSampleOptions;

// logit(x) = v' tanh(W x + b) + c.
struct Network {
  Tensor weight, bias, out_weight, out_bias;  // [D, H], [H], [H], []

  Network(std::int64_t dims, std::int64_t hidden, Rng& rng) {
    const auto start = [&](at::IntArrayRef shape, std::int64_t inputs) {
      const auto draws = rng.normal(shape).to(torch::kCPU, torch::kFloat64);
      return (draws / std::sqrt(static_cast<double>(inputs))).set_requires_grad(true);
    };
    weight = start({dims, hidden}, dims), bias = start({hidden}, 1);
    out_weight = start({hidden}, hidden), out_bias = start({}, 1);
  }

  Tensor logits(const Tensor& x) const {
    return torch::matmul(torch::tanh(torch::addmm(bias, x, weight)), out_weight) + out_bias;
  }
};

// Mean over items of -log p(which sample | item), sign [N] being 1 for y and -1 for x.
Tensor loss(const Network& network, const Tensor& items, const Tensor& sign, double l2) {
  const auto squares = network.weight.square().sum() + network.out_weight.square().sum();
  return torch::softplus(-sign * network.logits(items)).mean() + 0.5 * l2 * squares;
}

void train(Network& network, const Tensor& items, const Tensor& sign, const Options& options) {
  const torch::AutoGradMode track(true);
  torch::optim::LBFGS solver({network.weight, network.bias, network.out_weight, network.out_bias},
                             torch::optim::LBFGSOptions(1)
                                 .max_iter(options.iterations)
                                 .history_size(20)
                                 .line_search_fn("strong_wolfe"));
  solver.step([&] {
    solver.zero_grad();
    const auto value = loss(network, items, sign, options.l2);
    value.backward();
    return value;
  });
}

// As many items of x as of y, x first, with the sign of each.
struct Half {
  Tensor items, sign;
};

Half half(const Tensor& x, const Tensor& y) {
  return {torch::cat({x, y}),
          torch::cat({-torch::ones(x.size(0), x.options()), torch::ones(y.size(0), y.options())})};
}

Tensor shuffled(const char* name, const Tensor& x, std::int64_t rows, Rng& rng) {
  const auto all = finite_rows(kWhere, name, x.to(torch::kCPU));
  return all.index_select(0, rng.permutation(x.size(0)).narrow(0, 0, rows).to(torch::kCPU));
}

// The number of rows of each sample that are used.
std::int64_t checked_rows(const Tensor& x, const Tensor& y, const Options& options) {
  check_shape(kWhere, "x", x, {kAny, kAny});
  check_shape(kWhere, "y", y, {kAny, x.size(1)});
  check_positive(kWhere, "hidden", options.hidden);
  check_positive(kWhere, "iterations", options.iterations);
  if (!(options.l2 >= 0))
    throw ConfigError(kWhere, fmt::format("l2 must not be negative, got {}", options.l2));
  const auto rows = std::min(x.size(0), y.size(0));
  if (rows < 2)
    throw ConfigError(kWhere, fmt::format("x and y need at least 2 rows each, got {} and {}",
                                          x.size(0), y.size(0)));
  return rows;
}

// 1 - Phi(z).
double upper_tail(double z) { return 0.5 * std::erfc(z / std::numbers::sqrt2); }

}  // namespace

ClassifierTwoSample classifier_two_sample(const Tensor& x, const Tensor& y, const Options& options,
                                          Rng& rng) {
  const auto rows = checked_rows(x, y, options), to_train = rows / 2, apart = rows - to_train;
  const auto a = shuffled("x", x, rows, rng), b = shuffled("y", y, rows, rng);
  const auto known = half(a.narrow(0, 0, to_train), b.narrow(0, 0, to_train)),
             unseen = half(a.narrow(0, to_train, apart), b.narrow(0, to_train, apart));
  const auto scale = scale_of_items("classifier_two_sample", known.items);
  Network network(x.size(1), options.hidden, rng);
  train(network, scale.standard(known.items), known.sign, options);
  torch::NoGradGuard no_grad;
  const auto called_y = network.logits(scale.standard(unseen.items)) > 0;
  const double t = accuracy(called_y, unseen.sign > 0);
  const auto n = 2 * apart;
  return {t, upper_tail(2 * std::sqrt(static_cast<double>(n)) * (t - 0.5)), n};
}

}  // namespace kiln
