#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/kiln/candidates.h"
#include "apps/kiln/completion_scripts.h"
#include "apps/kiln/program.h"
#include "kiln/core/text.h"

namespace kiln::program {
namespace {

// What the command line holds after "--", which is no business of CLI11.
std::vector<std::string> words_after_dashes(const std::vector<std::string>& arguments) {
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  return dashes == arguments.end() ? std::vector<std::string>{}
                                   : std::vector<std::string>(dashes + 1, arguments.end());
}

std::string lines_of(const std::vector<Candidate>& candidates) {
  std::vector<std::string> lines;
  for (const auto& [word, help] : candidates)
    lines.push_back(help.empty() ? word : word + "\t" + help);
  return join(lines, "\n");
}

int print_script(const std::string& asked, const Console& console) {
  for (const auto& [shell, script] : completion_scripts())
    if (asked == shell) {
      console.result(script, {{"shell", shell}, {"script", script}});
      return 0;
    }
  throw ConfigError("completion",
                    fmt::format("knows bash, zsh, fish and candidates, got '{}'", asked));
}

int print_candidates(const CLI::App& app, const std::vector<std::string>& words,
                     const Console& console) {
  const auto found = candidates(app, words);
  auto list = nlohmann::json::array();
  for (const auto& [word, help] : found) list.push_back({{"word", word}, {"help", help}});
  if (console.json || !found.empty()) console.result(lines_of(found), {{"candidates", list}});
  return 0;
}

}  // namespace

void add_completion(const Program& program) {
  auto shell = std::make_shared<std::string>();
  auto* command = program.add("completion",
                              "print the script by which bash, zsh or fish completes what is typed",
                              "source <(kiln completion bash)");
  command
      ->add_option("SHELL", *shell,
                   "bash, zsh or fish; or candidates -- WORDS, which those scripts ask: what may "
                   "stand at the last word")
      ->required();
  program.on_run(
      command,
      [=, &app = program.app, words = words_after_dashes(program.arguments),
       &console = program.console] {
        refuse_extras(*command);
        if (*shell == "candidates") return print_candidates(app, words, console);
        if (!words.empty())
          throw ConfigError("completion", "words after -- go with candidates alone");
        return print_script(*shell, console);
      },
      true);
}

}  // namespace kiln::program
