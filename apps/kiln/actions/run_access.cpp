#include "apps/kiln/actions/run_access.h"

#include <fmt/format.h>
#include <torch/cuda.h>

#include "apps/kiln/device_name.h"

namespace kiln::program {

torch::Device parse_device(const std::string& text) {
  const auto index = cuda_index(text);
  if (!index) return torch::kCPU;
  const auto count = static_cast<std::int64_t>(torch::cuda::device_count());
  if (*index >= count)
    throw ConfigError(
        "device",
        fmt::format("this LibTorch sees {} CUDA devices, so '{}' cannot be used; use --device cpu",
                    count, text));
  return {torch::kCUDA, static_cast<c10::DeviceIndex>(*index)};
}

TrainedModel load(const RunArguments& arguments, const Console& console) {
  auto run = load_run(arguments.run, arguments.checkpoint, parse_device(arguments.device));
  for (const auto& warning : run.warnings) console.warn("warning: " + warning);
  return run;
}

CodeOptions code_options(const RunArguments& run, std::int64_t items, std::int64_t batch) {
  return {.items = items,
          .batch = batch,
          .seed = static_cast<std::uint64_t>(run.seed),
          .device = parse_device(run.device)};
}

Hooks hooks_of(const Console& console, Progress& progress) {
  return {.note =
              [&](const std::string& line) {
                progress.clear();
                console.note(line);
              },
          .progress = [&](std::int64_t step, std::int64_t steps,
                          double loss) { progress.update(step, steps, loss); },
          .warn =
              [&](const std::string& line) {
                progress.clear();
                console.warn(line);
              }};
}

}  // namespace kiln::program
