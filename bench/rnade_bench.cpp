// RNADE's training step and density against the same model as plain tensor code, in batches of 100
// rows.  Best of 7 rounds, taken in turn in one process, 2 threads; the ratios are what counts.
#include <fmt/core.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "bench/race.h"
#include "kiln/core/threads.h"
#include "kiln/kernels/rnade_scan.h"
#include "kiln/kernels/rnade_scan_simd.h"
#include "kiln/models/autoregressive/rnade.h"
#include "kiln/train/optimizer.h"

namespace {

using namespace kiln;

void print(const char* title, std::int64_t rows, double peak, double flop_per_row,
           const std::vector<Contestant>& contestants) {
  fmt::print("\n{:<46}{:>10}{:>12}{:>10}{:>12}\n", title, "ms", "rows/s", "of peak", "kernel is");
  for (const auto& c : contestants) {
    const double per_second = 1000.0 * static_cast<double>(rows) / c.best;
    fmt::print("{:<46}{:>10.3f}{:>12.0f}{:>9.0f}%{:>11.1f}x\n", c.name, c.best, per_second,
               100 * per_second * flop_per_row / peak, c.best / contestants[0].best);
  }
}

RnadeTensors tensors_of(Rnade& model) {
  const auto all = model.named_parameters();
  return {all["W"], all["rho"], all["c"], all["V"], all["b"], model.ordering()};
}

Tensor twin_nll(const Tensor& x, const Tensor& heads) {
  return -mixture_log_prob(rnade_mixture(heads, {}), x, {}).sum(1);
}

// One step of training; without an optimizer only its gradients.
std::function<void()> training(Rnade& model, std::function<Tensor()> loss, bool adam) {
  auto parameters = model.players()[0].parameters;
  std::vector<Tensor> inputs;
  for (const auto& p : parameters) inputs.push_back(p.tensor);
  const auto optimizer = std::make_shared<Optimizer>(parameters, OptimizerOptions{});
  return [=] {
    const auto gradients = torch::autograd::grad({loss()}, inputs);
    if (adam) optimizer->step(gradients, 1e-3);
  };
}

// The multiply-adds of the heads, twice: the recurrence and the mixture come on top.
double flop_of(const RnadeOptions& o) {
  return 2.0 * static_cast<double>(o.data_dim * o.hidden * 3 * o.components);
}

void race_training(const RnadeOptions& o, double peak, Rng& rng) {
  Rnade model(o);
  const auto x = rng.normal({100, o.data_dim});
  const auto weights = tensors_of(model);
  const auto player = model.players()[0];
  const auto fused = [&] { return player.objective({x, {}}, rng).loss; };
  const auto cumsum = [&] { return twin_nll(x, rnade_heads_cumsum(x, weights, {})).mean(); };
  const auto loop = [&] { return twin_nll(x, rnade_heads_loop(x, weights, {})).mean(); };
  std::vector<Contestant> list{
      {"gradients, fused kernel", training(model, fused, false), 20},
      {"gradients, all steps at once (cumsum, bmm)", training(model, cumsum, false), 5},
      {"gradients, loop over the steps", training(model, loop, false), 5}};
  race(list, 7);
  const auto title = fmt::format("D {}, H {}, K {}", o.data_dim, o.hidden, o.components);
  print(title.c_str(), 100, peak, 3 * flop_of(o), list);
  std::vector<Contestant> steps{
      {"training step with Adam, fused kernel", training(model, fused, true), 20},
      {"all steps at once (cumsum, bmm)", training(model, cumsum, true), 5},
      {"loop over the steps", training(model, loop, true), 5}};
  race(steps, 7);
  print(title.c_str(), 100, peak, 3 * flop_of(o), steps);
}

void race_density(double peak, Rng& rng) {
  const RnadeOptions o{.data_dim = 15};
  Rnade model(o);
  const std::int64_t rows = 1'000'000, part = 10'000;
  const auto x = rng.normal({rows, o.data_dim});
  const auto weights = tensors_of(model);
  torch::NoGradGuard no_grad;
  std::vector<Contestant> list{{"log_prob, fused kernel",
                                [&] {
                                  for (const auto& y : x.split(part)) model.log_prob(y);
                                },
                                1},
                               {"all steps at once (cumsum, bmm), 1000 at a time",
                                [&] {
                                  for (const auto& y : x.slice(0, 0, rows / 10).split(1000))
                                    twin_nll(y, rnade_heads_cumsum(y, weights, {}));
                                },
                                1}};
  race(list, 7);
  list[1].best *= 10;  // a tenth of the rows was enough
  print("a million rows, D 15, H 50, K 10", rows, peak, flop_of(o), list);
}

}  // namespace

int main() {
  kiln::start_up(2);
  Rng rng(1);
  const double peak = measure_peak();
  fmt::print("{}; this machine's matrix product: {:.0f} GFLOP/s\n", simd::rnade_target(),
             peak / 1e9);
  race_training({.data_dim = 15, .hidden = 50, .components = 10}, peak, rng);
  race_training({.data_dim = 63, .hidden = 512, .components = 20}, peak, rng);
  race_density(peak, rng);
}
