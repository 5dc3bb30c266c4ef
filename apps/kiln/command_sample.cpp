#include <fmt/format.h>
#include <torch/torch.h>

#include <charconv>

#include "apps/kiln/program.h"
#include "kiln/core/threads.h"
#include "kiln/train/pictures.h"

namespace kiln::program {
namespace {

namespace fs = std::filesystem;

struct SampleArguments {
  RunArguments run;
  std::int64_t count = 64;
  double temperature = 1;
  bool mean = false;
  std::string condition, out;
};

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

// "label=3" -> 3.
std::optional<std::int64_t> label_of(const std::string& condition) {
  if (condition.empty()) return std::nullopt;
  const std::string key = "label=";
  std::int64_t label = -1;
  const auto* end = condition.data() + condition.size();
  if (!condition.starts_with(key) ||
      std::from_chars(condition.data() + key.size(), end, label).ptr != end || label < 0)
    throw ConfigError("sample.condition",
                      fmt::format("must be label=N, N the number of a class, got '{}'", condition));
  return label;
}

Tensor draw(const SampleArguments& a, const LoadedRun& run, Rng& rng) {
  const auto label = label_of(a.condition);
  if (!a.mean)
    return run.as<Sampler>("sampler").sample(
        {.count = a.count, .temperature = a.temperature, .label = label}, rng);
  if (label)
    throw ConfigError("sample.condition",
                      "--mean takes the classes in turn; leave out one of both");
  if (a.temperature != 1)
    throw ConfigError(
        "sample.temperature",
        "with --mean, codes are drawn from the prior as it is; leave one of them out");
  torch::NoGradGuard no_grad;
  auto& decoder = run.as<Decoder>("decoder");
  return decoder.decode_mean(run.as<Prior>("prior").sample_prior(a.count, rng));
}

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

}  // namespace

void add_sample(const Program& program) {
  auto a = std::make_shared<SampleArguments>();
  auto* command = program.add("sample", "draw samples from a trained model",
                              "kiln sample runs/nade -n 100 -o digits.png");
  add_run_arguments(command, a->run);
  command->add_option("-n,--count", a->count, "how many [64]")->check(CLI::Range(1, 1000000));
  command->add_option("-o,--out", a->out,
                      "FILE.png (a grid), FILE.npy, or DIR/ [RUN/samples/sample-SEED]");
  command
      ->add_option("--temperature", a->temperature,
                   "below 1: safer samples, above 1: bolder ones [1]")
      ->check(CLI::Range(1e-3, 100.0));
  command->add_option("--condition", a->condition,
                      "label=N: of class N alone, for models that know classes [all in turn]");
  command->add_flag("--mean", a->mean,
                    "for models with a decoder: the mean of x given a drawn code, not a draw of x");
  program.on_run(command, [a, &console = program.console] { return sample(*a, console); });
}

}  // namespace kiln::program
