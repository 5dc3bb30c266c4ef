#include "apps/kiln/program.h"

#include "apps/kiln/number_checks.h"

#include <fmt/format.h>

#include "apps/kiln/option_table.h"
#include "kiln/core/error.h"
#include "kiln/core/text.h"
#include "kiln/io/atomic_file.h"

namespace kiln::program {

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

void check_out(const CLI::App& command) {
  const auto* out = command.get_option_no_throw("--out");
  if (out && !out->empty()) check_folder_of(out->as<std::string>());
}

std::string one_too_many(const std::string& word, const std::string& command) {
  return fmt::format("'{}' is one word too many; `kiln {} --help` shows what it takes", word,
                     command);
}

void refuse_extras(const CLI::App& command) {
  const auto extras = command.remaining();
  if (extras.empty()) return;
  std::vector<std::string> known;
  for (const auto* option : command.get_options())
    for (const auto& name : option->get_lnames()) known.push_back("--" + name);
  const auto hint = did_you_mean(extras.front(), known);
  auto name = command.get_name();  // "theory params": a topic's name follows its command's
  for (const auto* above = command.get_parent(); above->get_parent(); above = above->get_parent())
    name = above->get_name() + " " + name;
  if (!extras.front().starts_with('-')) throw ConfigError(name, one_too_many(extras.front(), name));
  throw ConfigError(name, fmt::format("no option '{}'{} `kiln {} --help` lists them",
                                      extras.front(), hint.empty() ? "." : hint, name));
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

std::string without_last_newline(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

bool takes_value(const CLI::App& command, const std::string& word) {
  if (!word.starts_with("-") || word.find('=') != std::string::npos) return false;
  const auto* option = command.get_option_no_throw(word);
  return option && option->get_expected_min() > 0 && option->get_items_expected_max() > 0;
}

void add_run_arguments(CLI::App* command, RunArguments& arguments) {
  command->add_option("RUN", arguments.run, "run folder")->required();
  command->add_option("--checkpoint", arguments.checkpoint, "best, last, or a step [best]");
  command->add_option("--device", arguments.device, "cpu, cuda or cuda:N [cpu]");
  command->add_option("--seed", arguments.seed, "seed of every draw [1]")->check(whole_number(0));
}

void add_judged_data(CLI::App* command, std::string& data, std::string& split,
                     const std::string& help) {
  command->add_option("--data", data, help);
  command->add_option("--split", split,
                      "train, valid or test [test, or valid where there is no test part]");
}

}  // namespace kiln::program
