// A VAE's training step against the same network as a bare LibTorch loop, dense and convolutional,
// the step with 50 draws of which few carry the gradient, what the dense step is made of, the bound
// by 5000 draws, the Bernoulli law, and Kiln's transposed convolution against LibTorch's at DCGAN's
// sizes.
//   vae_bench [THREADS]
// Figures are the best of many repeats, taken in turn in one process; the ratios are what counts.
// With one thread they are CPU time, which other work on the machine hardly disturbs.
#include <fmt/core.h>
#include <torch/autograd.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <string>

#include "bench/race.h"
#include "kiln/kernels/bernoulli_rows.h"
#include "kiln/kernels/matrix_product.h"
#include "kiln/models/latent/vae.h"
#include "kiln/nn/transposed_conv.h"
#include "kiln/prob/bernoulli.h"
#include "kiln/train/optimizer.h"

namespace {

using kiln::Contestant;
using kiln::Tensor;

// The network of VaeOptions{}: 784-500-500-20-500-500-784, written without Kiln.
struct DenseVae : torch::nn::Module {
  torch::nn::Linear a{784, 500}, b{500, 500}, mean{500, 20}, log_var{500, 20};
  torch::nn::Linear c{20, 500}, d{500, 500}, out{500, 784};

  DenseVae() {
    int number = 0;
    for (const auto& layer : {a, b, mean, log_var, c, d, out})
      register_module("layer" + std::to_string(number++), layer);
  }
  Tensor encode(const Tensor& x) { return torch::relu(b(torch::relu(a(x)))); }
  Tensor decode(const Tensor& z) { return out(torch::relu(d(torch::relu(c(z))))); }
};

// That of `--network conv` on 28 x 28 pixels, with LibTorch's own transposed convolutions.
struct ConvVae : torch::nn::Module {
  torch::nn::Conv2d a{torch::nn::Conv2dOptions(1, 32, 4).stride(2).padding(1)};
  torch::nn::Conv2d b{torch::nn::Conv2dOptions(32, 64, 4).stride(2).padding(1)};
  torch::nn::Linear c{3136, 500}, mean{500, 20}, log_var{500, 20}, d{20, 500}, e{500, 3136};
  torch::nn::ConvTranspose2d f{torch::nn::ConvTranspose2dOptions(64, 32, 4).stride(2).padding(1)};
  torch::nn::ConvTranspose2d g{torch::nn::ConvTranspose2dOptions(32, 1, 4).stride(2).padding(1)};

  ConvVae() {
    register_module("a", a), register_module("b", b), register_module("f", f);
    register_module("g", g);
    int number = 0;
    for (const auto& layer : {c, mean, log_var, d, e})
      register_module("layer" + std::to_string(number++), layer);
  }
  Tensor encode(const Tensor& x) {
    return torch::relu(c(torch::relu(b(torch::relu(a(x)))).flatten(1)));
  }
  Tensor decode(const Tensor& z) {
    const auto h = torch::relu(e(torch::relu(d(z)))).view({-1, 64, 7, 7});
    return g(torch::relu(f(h)));
  }
};

// One training step as people write it with LibTorch.
template <class Network>
Contestant bare_step(const Tensor& x) {
  const auto net = std::make_shared<Network>();
  const auto adam = std::make_shared<torch::optim::Adam>(net->parameters(), 1e-3);
  return {.name = "bare LibTorch loop", .work = [=] {
            adam->zero_grad();
            const auto h = net->encode(x);
            const auto m = net->mean(h), v = net->log_var(h);
            const auto logits = net->decode(m + torch::exp(0.5 * v) * torch::randn_like(m));
            const auto bce =
                torch::binary_cross_entropy_with_logits(logits, x, {}, {}, at::Reduction::Sum);
            const auto kl = -0.5 * (1 + v - m.pow(2) - v.exp()).sum();
            ((bce + kl) / x.size(0)).backward();
            adam->step();
          }};
}

// The same step as `kiln train` takes it.
struct KilnStep {
  explicit KilnStep(const kiln::VaeOptions& options)
      : vae(options), player(vae.players().at(0)), optimizer(player.parameters, player.optimizer) {
    for (const auto& entry : player.parameters) parameters.push_back(entry.tensor);
  }
  void take(const Tensor& x) {
    const auto loss = player.objective({x, {}}, rng).loss;
    optimizer.step(torch::autograd::grad({loss}, parameters), 1e-3);
  }

  kiln::Vae vae;
  kiln::Rng rng{1};
  kiln::Player player;
  kiln::Optimizer optimizer;
  std::vector<Tensor> parameters;
};

Contestant kiln_step(const kiln::VaeOptions& options, const Tensor& x) {
  const auto step = std::make_shared<KilnStep>(options);
  return {.name = "kiln", .work = [=] { step->take(x); }};
}

void report(const std::string& what, std::vector<Contestant> list, int rounds) {
  kiln::race(list, rounds);
  fmt::print("{}: kiln {:.2f} ms, LibTorch {:.2f} ms, ratio {:.2f}\n", what, list[0].best,
             list[1].best, list[1].best / list[0].best);
}

Tensor digits(at::IntArrayRef shape) { return (torch::rand(shape) < 0.13).to(torch::kFloat); }

void race_training_steps() {
  const auto rows = digits({100, 784}), images = digits({100, 1, 28, 28});
  report("VAE 784-500-500-20, batch 100, training step",
         {kiln_step({}, rows), bare_step<DenseVae>(rows)}, 60);
  const kiln::VaeOptions conv{
      .channels = 1, .height = 28, .width = 28, .network = kiln::CoderNetwork::conv};
  report("convolutional VAE 28x28, batch 100, training step",
         {kiln_step(conv, images), bare_step<ConvVae>(images)}, 15);
}

// The same step with 50 draws, all of them or five carrying the gradient.
void race_importance_steps() {
  kiln::VaeOptions o{.latent = 50,
                     .hidden = 200,
                     .activation = kiln::CoderActivation::tanh,
                     .objective = kiln::VaeObjective::iwae,
                     .k = 50};
  const auto rows = digits({100, 784});
  const auto all = kiln_step(o, rows);
  o.gradient_draws = 5;
  std::vector<Contestant> list{kiln_step(o, rows), all};
  kiln::race(list, 9);
  fmt::print(
      "50 draws of 784-200-200-50, batch 100: 5 for the gradient {:.1f} ms, all {:.1f} ms, "
      "ratio {:.2f}\n",
      list[0].best, list[1].best, list[1].best / list[0].best);
}

// What no fusion can take away from the dense step: its 16 large matrix products, three for every
// layer but the first, whose input needs no gradient.
void race_products() {
  std::vector<Contestant> list;
  const std::vector<std::pair<std::int64_t, std::int64_t>> layers{
      {784, 500}, {500, 500}, {500, 40}, {20, 500}, {500, 500}, {500, 784}};
  using Product = Tensor (*)(const Tensor&, const Tensor&);
  const Product ours = kiln::matrix_product, theirs = torch::mm;
  for (const auto& [name, product] : {std::pair("kiln", ours), std::pair("LibTorch", theirs)}) {
    Contestant all{.name = name, .work = [] {}};
    for (const auto& [in, out] : layers) {
      const auto x = torch::randn({100, in}), w = torch::randn({out, in});
      const auto g = torch::randn({100, out});
      all.work = [=, before = all.work, product = product, first = in == 784] {
        before();
        product(x, w.t());
        product(g.t(), x);
        if (!first) product(g, w);
      };
    }
    list.push_back(all);
  }
  report("the matrix products of that dense step alone", list, 60);
}

// Evaluation by 5000 draws is products of the decoder, [draws * items, units], and the law of the
// pixels: its share of the machine's own product says what all else costs.
void race_importance_bound() {
  const kiln::VaeOptions o{.latent = 50, .hidden = 200, .activation = kiln::CoderActivation::tanh};
  const auto vae = std::make_shared<kiln::Vae>(o);
  const auto x = digits({20, 784});
  const std::int64_t draws = 5000;
  const double products = 2.0 * (50 * 200 + 200 * 200 + 200 * 784) * double(draws * x.size(0));
  std::vector<Contestant> list{{.name = "kiln",
                                .work =
                                    [=] {
                                      torch::NoGradGuard no_grad;
                                      kiln::Rng rng(1);
                                      vae->log_prob_iwae({x, {}}, draws, rng);
                                    },
                                .flops = products},
                               kiln::matrix_product()};
  kiln::race(list, 3);
  const auto rate = [&](int i) { return list[i].flops / list[i].best * 1e-6; };
  fmt::print("5000 draws of 50-200-200-784, 20 items: {:.0f} of {:.0f} GFLOP/s, {:.2f}\n", rate(0),
             rate(1), rate(0) / rate(1));
}

// One pass over the logits against LibTorch's operations, without and with the gradient.
void race_bernoulli_rows() {
  const auto x = digits({100, 784});
  const auto logits = torch::randn({50, 100, 784}).requires_grad_();
  using Law = std::function<Tensor()>;
  const Law kernel = [=] { return kiln::bernoulli_rows(x, logits); };
  const Law twin = [=] { return kiln::bernoulli_log_prob(x, logits); };
  const auto forward = [](const Law& law) {
    return [=] {
      torch::NoGradGuard no_grad;
      law();
    };
  };
  const auto gradient = [=](const Law& law) {
    return [=] { torch::autograd::grad({law().sum()}, {logits}); };
  };
  report("Bernoulli law of 50 x 100 x 784 logits",
         {{.name = "kiln", .work = forward(kernel)}, {.name = "LibTorch", .work = forward(twin)}},
         9);
  report("the same with the gradient",
         {{.name = "kiln", .work = gradient(kernel)}, {.name = "LibTorch", .work = gradient(twin)}},
         9);
}

struct Layer {
  std::int64_t in, out, side;
};

void race_transposed(const Layer& layer, std::int64_t batch) {
  const auto x = torch::randn({batch, layer.in, layer.side, layer.side}).requires_grad_();
  const auto w = (0.02 * torch::randn({layer.in, layer.out, 4, 4})).detach().requires_grad_();
  const auto grad = torch::randn({batch, layer.out, 2 * layer.side, 2 * layer.side});
  const auto run = [&](const std::string& name, const std::function<Tensor()>& forward) {
    return Contestant{.name = name, .work = [=] {
                        torch::autograd::grad({forward()}, {x, w}, {grad});
                      }};
  };
  report(fmt::format("transposed convolution {:>3} -> {:>3}, {:>2} -> {:>2} px, batch {}", layer.in,
                     layer.out, layer.side, 2 * layer.side, batch),
         {run("kiln", [=] { return kiln::transposed_conv2d(x, w, 2, 1); }),
          run("LibTorch", [=] { return torch::conv_transpose2d(x, w, {}, 2, 1); })},
         6);
}

}  // namespace

int main(int argc, char** argv) {
  kiln::start_race(argc, argv);
  torch::manual_seed(1);
  race_training_steps();
  race_importance_steps();
  race_products();
  race_importance_bound();
  race_bernoulli_rows();
  for (const auto& layer : {Layer{512, 256, 4}, {256, 128, 8}, {128, 64, 16}, {64, 3, 32}})
    race_transposed(layer, 64);
  for (const auto& layer : {Layer{64, 32, 7}, {32, 1, 14}}) race_transposed(layer, 64);
}
