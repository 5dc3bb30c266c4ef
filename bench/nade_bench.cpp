// NADE's training step and sampler against the same model as plain tensor code, 784 pixels and 500
// hidden units, batches of 100.  Best of 5 rounds, taken in turn in one process, 2 threads; the
// ratios are what counts.  Images: $KILN_DATA/binarized_mnist if it is there, else synthetic
// strokes with as many ones.
#include <fmt/core.h>
#include <malloc.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include <climits>
#include <cstdlib>
#include <filesystem>

#include "bench/race.h"
#include "kiln/core/threads.h"
#include "kiln/data/source.h"
#include "kiln/kernels/nade_scan.h"
#include "kiln/kernels/nade_scan_simd.h"
#include "kiln/models/autoregressive/nade.h"
#include "kiln/train/optimizer.h"

namespace {

using namespace kiln;

constexpr std::int64_t kBatch = 100, kPixels = 784;

void print(const char* title, const std::vector<Contestant>& contestants) {
  fmt::print("\n{:<34}{:>12}{:>12}{:>12}\n", title, "ms", "images/s", "kernel is");
  for (const auto& c : contestants)
    fmt::print("{:<34}{:>12.2f}{:>12.0f}{:>11.1f}x\n", c.name, c.best, 1000 * kBatch / c.best,
               c.best / contestants[0].best);
}

// 14 strokes of 7 or 8 pixels per image: 13 % ones in connected runs.
Tensor strokes(Rng& rng) {
  const auto x = torch::zeros({kBatch, 28, 28});
  const auto start = rng.integers(4, {kBatch, 14}), length = rng.integers(2, {kBatch, 14}) + 7;
  for (std::int64_t s = 0; s < kBatch; ++s)
    for (std::int64_t row = 0; row < 14; ++row) {
      const auto first = 8 + start[s][row].item<std::int64_t>();
      x[s][row + 7].slice(0, first, first + length[s][row].item<std::int64_t>()).fill_(1);
    }
  return x.reshape({kBatch, kPixels});
}

Tensor first_images(Rng& rng) {
  const auto* folder = std::getenv("KILN_DATA");
  const auto file = std::filesystem::path(folder ? folder : ".") / "binarized_mnist" /
                    "train-images-idx3-ubyte.gz";
  if (!std::filesystem::exists(file)) return strokes(rng);
  const auto data = open_source(parse_source("idx:" + file.string())).splits.train;
  const auto x = torch::empty({kBatch, kPixels});
  for (std::int64_t i = 0; i < kBatch; ++i)
    data->read(i, {x.data_ptr<float>() + i * kPixels, static_cast<std::size_t>(kPixels)});
  return x;
}

NadeTensors tensors_of(Nade& nade) {
  const auto all = nade.named_parameters();
  return {all["W"], all["V"], all["b"], all["c"], nade.ordering()};
}

// One step of training with `nll` as the likelihood.
std::function<void()> training(Nade& nade, std::function<Tensor()> nll) {
  auto parameters = nade.players()[0].parameters;
  std::vector<Tensor> inputs;
  for (const auto& p : parameters) inputs.push_back(p.tensor);
  const auto adam = std::make_shared<Optimizer>(parameters, OptimizerOptions{});
  return [=] { adam->step(torch::autograd::grad({nll().mean()}, inputs), 1e-3); };
}

// What a bare LibTorch program meets: glibc gives large blocks back on every free, and their pages
// fault in again.
std::function<void()> with_default_memory(std::function<void()> work) {
  return [work = std::move(work)] {
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
    work();
    mallopt(M_MMAP_THRESHOLD, 1 << 30);  // as start_up left them
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
  };
}

void race_training(Nade& nade, const Tensor& x) {
  const auto weights = tensors_of(nade);
  std::vector<Contestant> list{
      {"fused kernel", training(nade, [&] { return -nade.log_prob(x); }), 20},
      {"all steps at once (cumsum)",
       training(nade, [&] { return nade_nll_of_logits(x, nade_logits_cumsum(x, weights)); }), 1},
      {"the same, glibc's own memory settings",
       with_default_memory(
           training(nade, [&] { return nade_nll_of_logits(x, nade_logits_cumsum(x, weights)); })),
       1},
      {"loop over the steps",
       training(nade, [&] { return nade_nll_of_logits(x, nade_logits_loop(x, weights)); }), 1}};
  race(list);
  print("training step with Adam", list);
}

void race_sampling(Nade& nade, Rng& rng) {
  const auto weights = tensors_of(nade);
  const auto uniform = rng.uniform({kBatch, kPixels});
  std::vector<Contestant> list{
      {"fused kernel", [&] { nade.sample({.count = kBatch}, rng); }, 20},
      {"loop over the steps", [&] { nade_draw_loop(uniform, {}, 1, weights); }, 1}};
  race(list);
  print("sampling 100 images", list);
}

void print_peak() {
  fmt::print("this machine's matrix product: {:.0f} GFLOP/s\n", measure_peak() / 1e9);
}

}  // namespace

int main() {
  kiln::start_up(2);
  Rng rng(1);
  const auto x = first_images(rng);
  fmt::print("NADE 784-500, batch 100, {:.1f} % ones, {}\n", 100 * x.mean().item<double>(),
             simd::nade_target());
  print_peak();
  Nade nade({.data_dim = kPixels, .hidden = 500});
  nade.start_from_data({.mean = x.mean(0), .deviation = {}});
  race_training(nade, x);
  race_sampling(nade, rng);
}
