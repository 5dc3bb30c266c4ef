#include "apps/kiln/completion_scripts.h"

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

constexpr CompletionScript kScripts[] = {{"bash", kBash}, {"zsh", kZsh}, {"fish", kFish}};

}  // namespace

std::span<const CompletionScript> completion_scripts() { return kScripts; }

}  // namespace kiln::program
