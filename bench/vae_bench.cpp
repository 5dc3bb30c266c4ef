// A VAE's training step against the same network as a bare LibTorch loop, and Kiln's transposed
// convolution against LibTorch's at DCGAN's sizes.  Figures are the best of many repeats, taken in
// turn in one process; the ratios are what counts.
#include <fmt/core.h>
#include <torch/torch.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <limits>

#include "kiln/core/threads.h"
#include "kiln/models/latent/vae.h"
#include "kiln/nn/transposed_conv.h"

namespace {

using kiln::Tensor;

double milliseconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

// Best times of both, run alternately so that a busy machine disturbs them alike.
std::pair<double, double> race(const std::function<void()>& a, const std::function<void()>& b,
                               int repeats) {
  a(), b();
  std::pair best(std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity());
  for (int i = 0; i < repeats; ++i) {
    best.first = std::min(best.first, milliseconds(a));
    best.second = std::min(best.second, milliseconds(b));
  }
  return best;
}

// The network of VaeOptions{}: 784-500-500-20-500-500-784, written without Kiln.
struct BareVae : torch::nn::Module {
  torch::nn::Linear a{784, 500}, b{500, 500}, mean{500, 20}, log_var{500, 20};
  torch::nn::Linear c{20, 500}, d{500, 500}, out{500, 784};

  BareVae() {
    int number = 0;
    for (const auto& layer : {a, b, mean, log_var, c, d, out})
      register_module("layer" + std::to_string(number++), layer);
  }

  Tensor loss(const Tensor& x) {
    const auto h = torch::relu(b(torch::relu(a(x))));
    const auto m = mean(h), v = log_var(h);
    const auto z = m + torch::exp(0.5 * v) * torch::randn_like(m);
    const auto logits = out(torch::relu(d(torch::relu(c(z)))));
    const auto bce = torch::binary_cross_entropy_with_logits(logits, x, {}, {}, at::Reduction::Sum);
    return (bce - 0.5 * (1 + v - m.pow(2) - v.exp()).sum()) / x.size(0);
  }
};

void race_training_steps() {
  const auto x = (torch::rand({100, 784}) < 0.13).to(torch::kFloat);
  BareVae bare;
  torch::optim::Adam bare_adam(bare.parameters(), 1e-3);
  const auto bare_step = [&] {
    bare_adam.zero_grad();
    bare.loss(x).backward();
    bare_adam.step();
  };

  kiln::Vae vae({});
  kiln::Rng rng(1);
  const auto player = vae.players().at(0);
  auto parameters = vae.parameters();
  torch::optim::Adam adam(parameters, 1e-3);
  const auto step = [&] {
    const auto grads = torch::autograd::grad({player.objective({x, {}}, rng).loss}, parameters);
    for (std::size_t i = 0; i < grads.size(); ++i) parameters[i].mutable_grad() = grads[i];
    adam.step();
  };

  const auto [ours, theirs] = race(step, bare_step, 60);
  fmt::print(
      "VAE 784-500-500-20, batch 100, training step: kiln {:.2f} ms, bare LibTorch {:.2f} ms, "
      "ratio {:.2f}\n",
      ours, theirs, theirs / ours);
}

struct Layer {
  std::int64_t in, out, side;
};

void race_transposed(const Layer& layer, std::int64_t batch) {
  const auto x = torch::randn({batch, layer.in, layer.side, layer.side}).requires_grad_();
  const auto w = (0.02 * torch::randn({layer.in, layer.out, 4, 4})).detach().requires_grad_();
  const auto grad = torch::randn({batch, layer.out, 2 * layer.side, 2 * layer.side});
  const auto run = [&](const std::function<Tensor()>& forward) {
    return [=] { torch::autograd::grad({forward()}, {x, w}, {grad}); };
  };
  const auto [ours, theirs] = race(run([=] { return kiln::transposed_conv2d(x, w, 2, 1); }),
                                   run([=] { return torch::conv_transpose2d(x, w, {}, 2, 1); }), 6);
  fmt::print(
      "transposed convolution {:>3} -> {:>3}, {:>2} -> {:>2} px, batch {}: kiln {:.1f} ms, "
      "LibTorch {:.1f} ms, ratio {:.2f}\n",
      layer.in, layer.out, layer.side, 2 * layer.side, batch, ours, theirs, theirs / ours);
}

}  // namespace

int main() {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // lines appear as they are measured
  kiln::start_up(2);
  torch::manual_seed(1);
  race_training_steps();
  for (const auto& layer : {Layer{512, 256, 4}, {256, 128, 8}, {128, 64, 16}, {64, 3, 32}})
    race_transposed(layer, 64);
  for (const auto& layer : {Layer{64, 32, 7}, {32, 1, 14}}) race_transposed(layer, 64);
}
