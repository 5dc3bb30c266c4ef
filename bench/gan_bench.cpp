// The generator's turn of an unrolled GAN, f_K and its gradient by the generator's weights: Kiln's
// steps by hand against the same turn as people write it with LibTorch, functional layers and a
// graph through all steps.  The ring's networks: critic 2-128-128-1, generator 256-128-128-2, batch
// 512, K = 10.
//   gan_bench [THREADS]
// The two take turns; a line says the best times, the median of the rounds' ratios, how far the
// gradients are apart, and the share of the machine's own matrix product that Kiln reaches.  With
// one thread times are CPU time, which other work on the machine hardly disturbs.
//
// What binds: by hand a step is five products of 1024 x 128 x 128 (the graph takes nine), 20 ms of
// a turn at 85 GFLOP/s on one core of a Zen 3.  With LibTorch's operations for all else the turn
// took 46 ms: elementwise passes, each through memory of the size of the second-level cache, cost
// as much as the products.  Fused passes (kernels/leaky_rows.h) were to halve that part.
#include <fmt/core.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "bench/race.h"
#include "kiln/core/rng.h"
#include "kiln/models/adversarial/gan.h"

namespace {

using kiln::Contestant;
using kiln::InnerRule;
using kiln::Tensor;
using Tensors = std::vector<Tensor>;

constexpr std::int64_t kBatch = 512, kHidden = 128, kLatent = 256, kSteps = 10;
constexpr double kRate = 1e-4, kSlope = .2;

Tensor network(const Tensors& weights, Tensor x, double slope) {
  for (std::size_t i = 0; i < weights.size(); i += 2) {
    x = torch::linear(x, weights[i], weights[i + 1]);
    if (i + 2 < weights.size()) x = torch::leaky_relu(x, slope);
  }
  return x;
}

// Without Kiln.  Adam's moments start from 0.
struct BareTurn {
  Tensors generator, critic;
  Tensor z, real;
  InnerRule rule;

  Tensors gradient() const {
    const auto fake = network(generator, z, 0);
    auto theta = critic;
    Tensors m, v;
    for (const auto& weight : critic) {
      m.push_back(torch::zeros_like(weight));
      v.push_back(torch::zeros_like(weight));
    }
    for (int t = 1; t <= kSteps; ++t) {
      const auto loss = torch::softplus(-network(theta, real, kSlope)).mean() +
                        torch::softplus(network(theta, fake, kSlope)).mean();
      const auto slopes = torch::autograd::grad({loss}, theta, {}, true, /*create_graph=*/true);
      for (std::size_t i = 0; i < theta.size(); ++i)
        theta[i] = theta[i] - kRate * update(m[i], v[i], slopes[i], t);
    }
    const auto loss = torch::softplus(-network(theta, fake, kSlope)).mean();
    return torch::autograd::grad({loss}, generator);
  }

  Tensor update(Tensor& m, Tensor& v, const Tensor& slope, int t) const {
    if (rule == InnerRule::sgd) return slope;
    m = .5 * m + .5 * slope;
    v = .999 * v + .001 * slope * slope;
    return m / (1 - std::pow(.5, t)) / (v / (1 - std::pow(.999, t)) + 1e-16).sqrt();
  }
};

// In evaluation Gan keeps no moments, so that its Adam starts from 0 too, time after time.
struct KilnTurn {
  kiln::Gan gan;
  Tensors generator, critic;
  Tensor z, real;

  explicit KilnTurn(InnerRule rule)
      : gan({.latent = kLatent,
             .hidden = kHidden,
             .unroll = kSteps,
             .unroll_rule = rule,
             .critic_rate = kRate}) {
    gan.eval();
    const auto players = gan.players();
    for (const auto& entry : players[0].parameters) critic.push_back(entry.tensor);
    for (const auto& entry : players[1].parameters) generator.push_back(entry.tensor);
    kiln::Rng rng(1);
    z = rng.normal({kBatch, kLatent}), real = rng.normal({kBatch, 2});
  }

  Tensors gradient() {
    return torch::autograd::grad({gan.generator_loss({real, {}}, gan.generate(z))}, generator);
  }
};

// Of the matrix products of Kiln's turn.
double flops() {
  const double wide = 2.0 * kBatch * kHidden * kHidden, narrow = 2.0 * kBatch * kHidden * 2;
  const double step = 2 * 5 * wide + 2 * 5 * narrow, last = 3 * (wide + narrow);
  const double generator = 2 * 2.0 * kBatch * kHidden * kLatent + 3 * (wide + narrow);
  return kSteps * step + last + generator;
}

double apart(const Tensors& got, const Tensors& truth) {
  double most = 0;
  for (std::size_t i = 0; i < truth.size(); ++i)
    most = std::max(most, ((got[i] - truth[i]).norm() / truth[i].norm()).item<double>());
  return most;
}

void race_turns(const std::string& name, InnerRule rule, int rounds) {
  const auto ours = std::make_shared<KilnTurn>(rule);
  const auto bare = std::make_shared<BareTurn>(
      BareTurn{ours->generator, ours->critic, ours->z, ours->real, rule});
  std::vector<Contestant> list{
      {.name = "kiln", .work = [=] { ours->gradient(); }, .flops = flops()},
      {.name = "LibTorch", .work = [=] { bare->gradient(); }},
      kiln::matrix_product()};
  std::vector<double> best(list.size(), std::numeric_limits<double>::infinity()), ratios;
  for (int round = 0; round < rounds; ++round) {
    for (auto& c : list) c.best = std::numeric_limits<double>::infinity();
    kiln::race(list, 1);
    for (std::size_t i = 0; i < list.size(); ++i) best[i] = std::min(best[i], list[i].best);
    ratios.push_back(list[1].best / list[0].best);
  }
  std::sort(ratios.begin(), ratios.end());
  const auto rate = [&](std::size_t i) { return list[i].flops / best[i] * 1e-6; };
  fmt::print(
      "{}: kiln {:.1f} ms, LibTorch {:.1f} ms, ratio {:.2f} (median {:.2f}, from {:.2f} to "
      "{:.2f}), "
      "apart {:.0e}; {:.0f} of {:.0f} GFLOP/s, {:.2f}\n",
      name, best[0], best[1], best[1] / best[0], ratios[ratios.size() / 2], ratios.front(),
      ratios.back(), apart(ours->gradient(), bare->gradient()), rate(0), rate(2),
      rate(0) / rate(2));
}

}  // namespace

int main(int argc, char** argv) {
  kiln::start_race(argc, argv);
  torch::manual_seed(1);
  race_turns("Adam", InnerRule::adam, 21);
  race_turns("SGD", InnerRule::sgd, 21);
}
