// MADE's masked products against the machine's own matrix product, and the samplers of MADE and of
// the orderless NADE against the naive ones.  784 pixels.  Best of several rounds, taken in turn in
// one process, 2 threads; the ratios are what counts.
#include <fmt/core.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include "bench/race.h"
#include "kiln/core/threads.h"
#include "kiln/models/autoregressive/made.h"
#include "kiln/models/autoregressive/orderless_nade.h"
#include "kiln/nn/masked_draw.h"

namespace {

using namespace kiln;

constexpr std::int64_t kPixels = 784;

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
  const auto at = [&](int layer) { return masks[static_cast<std::size_t>(layer)]; };
  std::vector<Contestant> list{
      matrix_product(),
      {"masked by degrees",
       both_ways(x, W, V, [&](const Tensor& w, int l) { return masked_weight(w, at(l)); }), 1,
       flops},
      {"masked by W * M, M stored",
       both_ways(x, W, V,
                 [&](const Tensor& w, int l) { return w * dense[static_cast<std::size_t>(l)]; }),
       1, flops},
      {"without masks", both_ways(x, W, V, [](const Tensor& w, int) { return w; }), 1, flops}};
  race(list, 15);
  fmt::print("\nproducts of a training step, 784-{}-784, batch {}\n", hidden, batch);
  for (const auto& e : list)
    fmt::print("{:<40}{:>9.2f} ms{:>9.0f} GFLOP/s{:>7.2f} of the peak\n", e.name, e.best,
               e.flops / e.best / 1e6, e.flops / e.best / (list[0].flops / list[0].best));
}

// Samplers against one full pass for every pixel, which comes last in `list`.
void race_samplers(const std::string& name, Autoregressive& model, const Tensor& uniform,
                   std::vector<Contestant> list) {
  list.push_back({"naive: a full pass for every pixel", [&] {
                    auto x = torch::zeros_like(uniform);
                    for (std::int64_t i = 0; i < kPixels; ++i) {
                      const auto d = model.ordering()[i].item<std::int64_t>();
                      x.select(1, d).copy_(model.draw_one(x, d, uniform.select(1, d)));
                    }
                  }});
  race(list, 2);
  fmt::print("\n{}, {} samples\n", name, uniform.size(0));
  for (const auto& e : list)
    fmt::print("{:<40}{:>9.1f} ms{:>9.0f} samples/s{:>9.1f}x\n", e.name, e.best,
               1000 * static_cast<double>(uniform.size(0)) / e.best, list.back().best / e.best);
}

MaskedNetwork network_of(Made& made, std::int64_t layers) {
  const auto all = made.named_parameters();
  MaskedNetwork network{{}, {}, all["V"], all["c"], {}, MaskedActivation::relu};
  for (std::int64_t l = 1; l <= layers; ++l) {
    network.weights.push_back(all[fmt::format("hidden{}.weight", l)]);
    network.biases.push_back(all[fmt::format("hidden{}.bias", l)]);
  }
  return network;
}

void race_made(std::int64_t layers, const Tensor& uniform) {
  Made made({.data_dim = kPixels, .hidden = 500, .layers = layers});
  const auto network = network_of(made, layers);
  race_samplers(fmt::format("MADE, {} hidden layers of 500", layers), made, uniform,
                {{"units by degree, vector code", [&] { made.draw(uniform); }},
                 {"units by degree, plain tensor code", [&] {
                    draw_masked_plain({DegreeOrdered(network, made.degrees(0))}, uniform, 1);
                  }}});
}

}  // namespace

int main() {
  kiln::start_up(2);
  race_products(100, 500);
  race_products(100, 8000);
  race_products(1000, 500);
  const auto uniform = Rng(2).uniform({100, kPixels});
  race_made(1, uniform);
  race_made(2, uniform);
  OrderlessNade orderless({.data_dim = kPixels, .hidden = 500, .layers = 2});
  race_samplers("orderless NADE, 2 hidden layers of 500", orderless, uniform,
                {{"first layer kept", [&] { orderless.draw(uniform); }}});
}
