#include "apps/kiln/program.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>

#include "kiln/core/text.h"
#include "kiln/io/atomic_file.h"
#include "kiln/registry/session.h"

namespace kiln::program {
namespace {

std::atomic<bool> g_interrupted{false};

extern "C" void on_signal(int) { g_interrupted.store(true); }

}  // namespace

void Console::note(const std::string& line) const {
  if (!quiet) warn(line);
}

void Console::warn(const std::string& line) const { fmt::print(stderr, "{}\n", line); }

void Console::result(const std::string& text, const nlohmann::json& object) const {
  fmt::print("{}\n", json ? object.dump() : text);
  std::fflush(stdout);
}

CLI::App* Program::add(const std::string& name, const std::string& help,
                       const std::string& example) const {
  auto* command = app.add_subcommand(name, help);
  command->allow_extras();
  command->footer("Example:\n  " + example);
  command->add_flag("--json", console.json,
                    "print one JSON object and nothing else on standard output");
  command->add_flag("--quiet", console.quiet, "no notes and no progress on standard error");
  return command;
}

void Program::on_run(CLI::App* command, std::function<int()> run, bool takes_extras) const {
  commands.push_back({command, std::move(run), takes_extras});
}

std::string flag_of(const std::string& name) {
  std::string flag = "--" + name;
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

namespace {

// "@FILE" stands for what the file holds, so that a run keeps the text and not a path.
std::string text_or_file(const std::string& text) {
  constexpr std::uint64_t kMostBytes = 64 << 20;
  if (!text.starts_with('@')) return text;
  auto content = read_text_file(text.substr(1), kMostBytes);
  for (auto& c : content)
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  content.erase(content.find_last_not_of(' ') + 1);
  return content;
}

}  // namespace

void add_option_flags(CLI::App* command, const std::vector<FieldInfo>& fields, OptionMap& values,
                      const std::string& group) {
  for (const auto& field : fields) {
    if (field.from_data) continue;
    auto help = field.help;
    if (!field.choices.empty()) help += ": " + join(field.choices, ", ");
    help += " [" + field.default_value + "]";
    const auto store = [&values, name = field.name, type = field.type](const std::string& text) {
      values[name] = type == "text" ? text_or_file(text) : text;
    };
    auto names = flag_of(field.name);
    if (field.name.find('_') != std::string::npos) names += ",--" + field.name;
    CLI::Option* option = nullptr;
    if (field.type == "switch")
      option = command->add_flag_function(
          names + "{true}", [store](std::int64_t n) { store(n > 0 ? "true" : "false"); }, help);
    else
      option = command->add_option_function<std::string>(names, store, help);
    option->group(group);
  }
}

void add_run_arguments(CLI::App* command, RunArguments& arguments) {
  command->add_option("RUN", arguments.run, "run folder")->required();
  command->add_option("--checkpoint", arguments.checkpoint, "best, last, or a step [best]");
  command->add_option("--device", arguments.device, "cpu, cuda or cuda:N [cpu]");
  command->add_option("--seed", arguments.seed, "seed of every draw [1]")
      ->check(CLI::NonNegativeNumber);
}

torch::Device parse_device(const std::string& text) {
  if (text == "cpu") return torch::kCPU;
  const bool first = text == "cuda";
  const auto index =
      first ? std::optional<std::int64_t>(0)
            : (text.starts_with("cuda:") ? parse_integer(text.substr(5)) : std::nullopt);
  if (!index || *index < 0)
    throw ConfigError("device", fmt::format("needs cpu, cuda or cuda:N, got '{}'", text));
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
  for (const auto& [key, value] : keys) parsed.keys[key] = value;
  const auto source = open_source(parsed, {.seed = seed, .skip_bad = config.skip_bad});
  auto splits = source.splits;
  JudgedData judged;
  if (!spec.empty() && split.empty()) {
    judged.data = splits.train;
    judged.name = spec;
  } else {
    splits = with_validation(splits, config.train.validation_fraction, seed);
    const auto part =
        split.empty() ? (splits.test ? std::string("test") : std::string("valid")) : split;
    if (part != "train" && part != "valid" && part != "test")
      throw ConfigError("split", fmt::format("needs train, valid or test, got '{}'", part));
    judged.data = part == "train" ? splits.train : part == "valid" ? splits.valid : splits.test;
    judged.name = fmt::format("{} ({})", source.spec.text(), part);
    if (!judged.data)
      throw ConfigError("split",
                        fmt::format("{} has no test part; give --data SPEC or --split valid",
                                    source.spec.text()));
  }
  judged.transform = transform_for(source, judged.data->info(), *run.model);
  const auto own = data_facts(find_model(config.model), judged.data->info(), source.binarize);
  for (const auto& [name, value] : own)
    if (name != "classes" && name != "states" && config.model_options.at(name) != value)
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

void watch_signals() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

bool interrupted() { return g_interrupted.load(); }

}  // namespace kiln::program
