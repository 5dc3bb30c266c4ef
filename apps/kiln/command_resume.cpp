#include <fmt/format.h>

#include <algorithm>

#include "apps/kiln/device_name.h"
#include "apps/kiln/program.h"
#include "kiln/core/text.h"
#include "kiln/train/run_folder.h"

namespace kiln::program {
namespace {

// "--learning-rate=1" or "--learning-rate" "1", as an option's name and value; a switch needs no
// value.
std::pair<std::string, std::string> take_setting(const std::vector<std::string>& extras,
                                                 std::size_t& i) {
  auto name = extras[i].substr(std::min(extras[i].find_first_not_of('-'), extras[i].size()));
  const auto equals = name.find('=');
  std::string value = "true";
  if (equals != std::string::npos)
    value = name.substr(equals + 1);
  else if (i + 1 < extras.size() && !extras[i + 1].starts_with("--"))
    value = extras[++i];
  name = name.substr(0, equals);
  std::replace(name.begin(), name.end(), '-', '_');
  return {name, value};
}

// A run keeps its options; whoever asks for others is shown the difference.
void refuse_changes(const std::string& run, const std::vector<std::string>& extras) {
  const auto config = RunFolder::open(run).config();
  if (extras.empty()) return;
  auto stored = to_map(config.train);
  stored.insert(config.model_options.begin(), config.model_options.end());
  std::vector<std::string> known, differences;
  for (const auto& [name, value] : stored) known.push_back(flag_of(name));
  for (std::size_t i = 0; i < extras.size(); ++i) {
    const auto& given = extras[i];
    const auto [name, value] = take_setting(extras, i);
    const auto found = stored.find(name);
    if (found == stored.end()) {
      const auto hint = did_you_mean(given, known);
      throw ConfigError("resume", fmt::format("no option '{}'{} A run goes on with its own options",
                                              given, hint.empty() ? "." : hint));
    }
    if (found->second != value)
      differences.push_back(fmt::format("{} is {}, not {}", name, found->second, value));
  }
  if (!differences.empty())
    throw ConfigError(
        "resume",
        fmt::format("a run goes on with its own options: {}; leave them out, or train a new run",
                    join(differences, "; ")));
}

// CLI11 takes the nearest number that it can hold.
std::string steps_of_a_run(const std::string& text) {
  TrainOptions options;
  assign("train", options, {{"steps", text}});
  if (options.steps < 1) throw ConfigError("resume.steps", "must be at least 1, got " + text);
  return "";
}

}  // namespace

void add_resume(const Program& program) {
  auto arguments = std::make_shared<ResumeArguments>();
  auto* command =
      program.add("resume", "continue a run exactly where its newest good checkpoint stands",
                  "kiln resume runs/nade");
  command->add_option("RUN", arguments->run, "run folder")->required();
  command->add_option("--steps", arguments->steps, "train to this step instead")
      ->check(steps_of_a_run);
  command->add_option("--device", arguments->device, "cpu, cuda or cuda:N [cpu]");
  program.on_run(
      command,
      [command, arguments, &console = program.console] {
        refuse_changes(arguments->run, command->remaining());
        check_runs({arguments->run});
        cuda_index(arguments->device);
        arguments->interruption = &take_signals();
        return actions().resume(*arguments, console);
      },
      true);
}

}  // namespace kiln::program
