// MADE's masked products against the machine's own matrix product, and the samplers of MADE and of
// the orderless NADE against the naive ones.  784 pixels.  Best of several rounds, taken in turn in
// one process, 2 threads; the ratios are what counts.
#include <fmt/core.h>
#include <torch/torch.h>

#include <chrono>
#include <functional>
#include <limits>

#include "kiln/core/threads.h"
#include "kiln/models/autoregressive/made.h"
#include "kiln/models/autoregressive/orderless_nade.h"

namespace {

using namespace kiln;

constexpr std::int64_t kPixels = 784;

struct Entrant {
  std::string name;
  std::function<void()> work;
  double flops = 0;                                       // of one call, masked weights included
  double best = std::numeric_limits<double>::infinity();  // milliseconds
};

void compete(std::vector<Entrant>& entrants, int rounds) {
  for (int round = 0; round <= rounds; ++round)  // the first one warms up
    for (auto& e : entrants) {
      const auto start = std::chrono::steady_clock::now();
      e.work();
      const auto time = std::chrono::steady_clock::now() - start;
      if (round > 0)
        e.best = std::min(e.best, std::chrono::duration<double, std::milli>(time).count());
    }
}

Tensor some_images(std::int64_t count, Rng& rng) {
  return rng.bernoulli(torch::full({count, kPixels}, 0.13));
}

// x -> H -> logits and back to both matrices: 2 products forwards, 3 backwards (x has no gradient).
std::function<void()> both_ways(const Tensor& x, const Tensor& W, const Tensor& V,
                                const std::function<Tensor(const Tensor&, int)>& weight) {
  const auto slope = torch::rand({x.size(0), kPixels});
  return [=] {
    const auto h = torch::linear(x, weight(W, 0));
    const auto y = torch::linear(h, weight(V, 1));
    torch::autograd::grad({y}, {W, V}, {slope});
  };
}

void race_products(std::int64_t batch, std::int64_t hidden) {
  Rng rng(1);
  std::vector<std::int64_t> order(kPixels);
  for (std::int64_t d = 0; d < kPixels; ++d) order[static_cast<std::size_t>(d)] = d;
  const auto degrees = draw_degrees(order, 1, hidden, 1);
  const std::vector<DegreeMask> masks{degrees.hidden_mask(1), degrees.output_mask()};
  std::vector<Tensor> dense;
  for (const auto& mask : masks) dense.push_back(mask.dense().to(torch::kFloat32));
  const auto x = some_images(batch, rng);
  const auto W = (rng.normal({hidden, kPixels}) * 0.01).set_requires_grad(true);
  const auto V = (rng.normal({kPixels, hidden}) * 0.01).set_requires_grad(true);
  const double flops = 5 * 2.0 * static_cast<double>(batch * kPixels * hidden);
  const auto a = torch::rand({1024, 1024}), b = torch::rand({1024, 1024});
  const auto at = [&](int layer) { return masks[static_cast<std::size_t>(layer)]; };
  std::vector<Entrant> list{
      {"the machine's matrix product, 1024^3", [&] { torch::mm(a, b); }, 2.0 * (1 << 30)},
      {"masked by degrees",
       both_ways(x, W, V, [&](const Tensor& w, int l) { return masked_weight(w, at(l)); }), flops},
      {"masked by W * M, M stored",
       both_ways(x, W, V,
                 [&](const Tensor& w, int l) { return w * dense[static_cast<std::size_t>(l)]; }),
       flops},
      {"without masks", both_ways(x, W, V, [](const Tensor& w, int) { return w; }), flops}};
  compete(list, 12);
  fmt::print("\nproducts of a training step, 784-{}-784, batch {}\n", hidden, batch);
  for (const auto& e : list)
    fmt::print("{:<40}{:>9.2f} ms{:>9.0f} GFLOP/s{:>7.2f} of the peak\n", e.name, e.best,
               e.flops / e.best / 1e6, e.flops / e.best / (list[0].flops / list[0].best));
}

// The sampler against one full pass for every pixel.
void race_sampler(const std::string& name, Autoregressive& model, std::int64_t count, int rounds) {
  Rng rng(2);
  const auto uniform = rng.uniform({count, kPixels});
  const auto naive = [&] {
    auto x = torch::zeros({count, kPixels});
    for (std::int64_t i = 0; i < kPixels; ++i) {
      const auto d = model.ordering()[i].item<std::int64_t>();
      x.select(1, d).copy_(model.draw_one(x, d, uniform.select(1, d)));
    }
  };
  std::vector<Entrant> list{{"cached", [&] { model.draw(uniform); }}, {"naive", naive}};
  compete(list, rounds);
  fmt::print("\n{}, {} samples\n", name, count);
  for (const auto& e : list)
    fmt::print("{:<40}{:>9.1f} ms{:>9.0f} samples/s{:>9.1f}x\n", e.name, e.best,
               1000 * static_cast<double>(count) / e.best, list[1].best / e.best);
}

}  // namespace

int main() {
  kiln::start_up(2);
  race_products(100, 500);
  race_products(100, 8000);
  race_products(1000, 500);
  Made shallow({.data_dim = kPixels, .hidden = 500});
  race_sampler("MADE, one hidden layer of 500", shallow, 100, 3);
  Made deep({.data_dim = kPixels, .hidden = 500, .layers = 2, .direct = true});
  race_sampler("MADE, two hidden layers of 500 and direct connections", deep, 100, 3);
  OrderlessNade orderless({.data_dim = kPixels, .hidden = 500, .layers = 2});
  race_sampler("orderless NADE, two hidden layers of 500", orderless, 100, 3);
}
