#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "apps/kiln/actions/run_access.h"
#include "kiln/core/threads.h"
#include "kiln/train/pictures.h"

namespace kiln::program {
namespace {

namespace fs = std::filesystem;

std::map<std::string, std::string> provenance(const SampleArguments& a, const LoadedRun& run) {
  return {{"model", run.config.model},
          {"run", fs::path(a.run.run).filename().string()},
          {"step", std::to_string(run.step)},
          {"seed", std::to_string(a.run.seed)},
          {"temperature", fmt::format("{}", a.temperature)}};
}

// FILE.npy: the numbers; DIR/: one file an item; anything else: one picture.
fs::path write(const SampleArguments& a, const LoadedRun& run, const Tensor& x) {
  const auto text = provenance(a, run);
  const auto values = run.model->value_set();
  const fs::path out = a.out.empty()
                           ? fs::path(a.run.run) / "samples" / fmt::format("sample-{}", a.run.seed)
                           : fs::path(a.out);
  if (out.has_parent_path()) fs::create_directories(out.parent_path());
  if (out.extension() == ".npy") {
    write_tensor(out, x);
    return out;
  }
  if (!out.has_filename()) {
    fs::create_directories(out);
    for (std::int64_t i = 0; i < x.size(0); ++i)
      write_samples(out / fmt::format("{:05}", i), x.narrow(0, i, 1), values, text);
    return out;
  }
  return write_samples(out.extension() == ".png" || out.extension() == ".svg"
                           ? fs::path(out).replace_extension()
                           : out,
                       x, values, text);
}

Tensor draw(const SampleArguments& a, const LoadedRun& run, Rng& rng) {
  if (!a.mean)
    return run.as<Sampler>("sampler").sample(
        {.count = a.count, .temperature = a.temperature, .label = a.label}, rng);
  torch::NoGradGuard no_grad;
  auto& decoder = run.as<Decoder>("decoder");
  return decoder.decode_mean(run.as<Prior>("prior").sample_prior(a.count, rng));
}

}  // namespace

int sample(const SampleArguments& a, const Console& console) {
  start_up();
  const auto run = load(a.run, console);
  Rng rng(static_cast<std::uint64_t>(a.run.seed), "sample", parse_device(a.run.device));
  const auto x = draw(a, run, rng);
  const auto path = write(a, run, x).string();
  console.result(path, {{"run", a.run.run},
                        {"step", run.step},
                        {"count", a.count},
                        {"seed", a.run.seed},
                        {"file", path}});
  return 0;
}

}  // namespace kiln::program
