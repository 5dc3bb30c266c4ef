#include "apps/kiln/actions/run_access.h"

#include <fmt/format.h>
#include <torch/cuda.h>

#include "apps/kiln/device_name.h"
#include "kiln/registry/session.h"

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

LoadedRun load(const RunArguments& arguments, const Console& console) {
  auto run = load_run(arguments.run, arguments.checkpoint, parse_device(arguments.device));
  for (const auto& warning : run.warnings) console.warn("warning: " + warning);
  return run;
}

JudgedData judged_data(const LoadedRun& run, const std::string& spec, const std::string& split,
                       const std::map<std::string, std::string>& keys) {
  const auto& config = run.config;
  const auto seed = static_cast<std::uint64_t>(config.train.seed);
  auto parsed = parse_source(spec.empty() ? config.data : spec);
  const bool validated_elsewhere = !config.valid.empty() && parsed.text() == config.data;
  for (const auto& [key, value] : keys) parsed.keys[key] = value;
  const auto source = open_source(parsed, {.seed = seed, .skip_bad = config.skip_bad});
  auto splits = source.splits;
  JudgedData judged;
  if (!spec.empty() && split.empty()) {
    judged.data = splits.train;
    judged.name = spec;
  } else {
    const auto part =
        split.empty() ? (splits.test ? std::string("test") : std::string("valid")) : split;
    if (validated_elsewhere && part == "valid") {  // the run learned from all of its own source
      judged = judged_data(run, config.valid, "", keys);
      judged.name += " (valid)";
      return judged;
    }
    if (!validated_elsewhere)
      splits = with_validation(splits, config.train.validation_fraction, seed);
    judged.data = part == "train" ? splits.train : part == "valid" ? splits.valid : splits.test;
    judged.name = fmt::format("{} ({})", source.spec.text(), part);
    if (!judged.data)
      throw ConfigError("split",
                        fmt::format("{} has no test part; give --data SPEC or --split valid",
                                    source.spec.text()));
  }
  judged.transform = transform_for(source, judged.data->info(), *run.model);
  const auto own = data_facts(find_model(config.model), judged.data->info(), source.binarize);
  // A class is a number: among other classes it would be another one.  Data without labels may do.
  const auto* sampler = dynamic_cast<const Sampler*>(run.model.get());
  const bool told_classes = sampler && sampler->conditions().classes > 0;
  for (const auto& [name, value] : own)
    if ((name != "classes" || (told_classes && value != "0")) && name != "states" &&
        config.model_options.at(name) != value)
      throw ConfigError(
          "data", fmt::format("{} has {} {}, the run was trained with {}", judged.name, name, value,
                              config.model_options.at(name)));
  return judged;
}

bool has_test_part(const LoadedRun& run, const std::string& spec) {
  const auto& config = run.config;
  const OpenOptions options{.seed = static_cast<std::uint64_t>(config.train.seed),
                            .skip_bad = config.skip_bad};
  return open_source(parse_source(spec.empty() ? config.data : spec), options).splits.test !=
         nullptr;
}

}  // namespace kiln::program
