// Loads any run folder and draws from it.   load_a_run RUN
#include <fmt/format.h>
#include <torch/types.h>

#include "kiln/core/threads.h"
#include "kiln/runs/load_run.h"

int main(int argc, char** argv) {
  if (argc != 2) return fmt::print("usage: load_a_run RUN\n"), 2;
  try {
    kiln::start_up();
    const auto run = kiln::load_run(argv[1]);
    kiln::Rng rng(1, "sample");
    const auto x = run.as<kiln::Sampler>("sampler").sample({.count = 16}, rng);
    fmt::print("{} at step {}: 16 samples with mean {:.4f}\n", run.config.model, run.step,
               x.mean().item<double>());
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
