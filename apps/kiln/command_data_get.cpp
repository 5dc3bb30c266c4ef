#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apps/kiln/fetch/published_sets.h"
#include "apps/kiln/program.h"

namespace kiln::program {
namespace {

int list_sets(const Console& console) {
  auto list = nlohmann::json::array();
  std::string text;
  for (const auto& set : published_sets()) {
    text += fmt::format("{}{:16} {}\n{:16} {}", text.empty() ? "" : "\n", set.name, set.holds, "",
                        set.origin);
    list.push_back({{"name", set.name},
                    {"holds", set.holds},
                    {"origin", set.origin},
                    {"mirrors", set.mirrors}});
  }
  console.result(text, {{"sets", list}});
  return 0;
}

}  // namespace

void add_data_get(const Program& program) {
  auto a = std::make_shared<DataGetArguments>();
  auto* command = program.add("get", "fetch a well-known data set, checked against its sums",
                              "kiln data get mnist");
  command->add_option("NAME", a->name, "a data set [the list of them]");
  command->add_option("-o,--out", a->out,
                      "folder [$KILN_DATA/NAME; data/NAME where it is not set]");
  command->add_option("--from", a->from,
                      "an address or a folder that holds the published files [the mirrors]");
  program.on_run(command, [a, &console = program.console] {
    if (a->name.empty() && !(a->out.empty() && a->from.empty()))
      throw ConfigError("data get", "needs the NAME of a data set; `kiln data get` lists them");
    if (a->name.empty()) return list_sets(console);
    published_set(a->name);
    return actions().data_get(*a, console);
  });
}

}  // namespace kiln::program
