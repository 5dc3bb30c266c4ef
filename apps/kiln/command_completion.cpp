#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/kiln/candidates.h"
#include "apps/kiln/program.h"
#include "kiln/core/text.h"

namespace kiln::program {
namespace {

// Each script hands the words up to the cursor to the program, which prints what may stand there:
// one candidate a line, and after a tab what it is.  Where none fits, a file may be meant.
constexpr const char* kBash = R"(_kiln() {
  local program=${COMP_WORDS[0]/#\~/$HOME} current=${COMP_WORDS[COMP_CWORD]} line
  local IFS=$' \t\n' words=()
  type -P -- "$program" >/dev/null || program=kiln
  read -ra words <<<"${COMP_LINE:0:COMP_POINT}"
  [[ ${COMP_LINE:COMP_POINT-1:1} != ' ' ]] || words+=('')
  [[ $current != [=:] ]] || current=
  COMPREPLY=()
  while IFS= read -r line; do
    [[ ${line%%$'\t'*} != "$current"* ]] || COMPREPLY+=("${line%%$'\t'*}")
  done < <("$program" completion candidates -- "${words[@]:1}" 2>/dev/null)
}
complete -o bashdefault -o default -F _kiln kiln)";

constexpr const char* kZsh = R"(#compdef kiln
_kiln() {
  local line name program=${(Q)words[1]}
  local -a found
  program=${program/#\~/$HOME}
  whence -p -- $program >/dev/null || program=kiln
  while IFS=$'\t' read -r name line; do
    found+=("${name//:/\\:}${line:+:$line}")
  done < <($program completion candidates -- "${(@)words[2,CURRENT]}" 2>/dev/null)
  compset -P '--[^=]#='
  if (( ! ${#found} )) || ! _describe kiln found; then _files; fi
}
if [[ $funcstack[1] == _kiln ]]; then
  _kiln "$@"
elif (( $+functions[compdef] )); then
  compdef _kiln kiln
else
  autoload -U compinit && compinit && compdef _kiln kiln
fi)";

constexpr const char* kFish = R"(function __kiln_candidates
  set -l current (commandline -ct)
  set -l words (commandline -opc) "$current"
  set -l program (string replace -r '^~' $HOME -- $words[1])
  type -q -- $program; or set program kiln
  type -q -- $program; or return
  set -l option (string match -r -- '^--[^=]*=' $current)
  set -l begun (string replace -r -- '^--[^=]*=' '' "$current")
  set -l fits
  for line in ($program completion candidates -- $words[2..-1] 2>/dev/null)
    if test (string sub -l (string length -- "$begun") -- $line) = "$begun"
      set -a fits "$option$line"
    end
  end
  if test (count $fits) -gt 0
    printf '%s\n' $fits
  else
    __fish_complete_path "$current"
  end
end
complete -c kiln -f -a '(__kiln_candidates)')";

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
  const std::pair<const char*, const char*> scripts[] = {
      {"bash", kBash}, {"zsh", kZsh}, {"fish", kFish}};
  for (const auto& [shell, script] : scripts)
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
