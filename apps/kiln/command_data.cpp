#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "apps/kiln/data_preview.h"
#include "apps/kiln/data_summary.h"
#include "apps/kiln/data_words.h"
#include "apps/kiln/number_checks.h"
#include "apps/kiln/program.h"
#include "kiln/core/text.h"
#include "kiln/data/source.h"

namespace kiln::program {
namespace {

constexpr std::int64_t kMostItems = 10000;

struct DataArguments {
  std::string spec, out;
  bool skip_bad = false;
  std::int64_t seed = 1;
};

void list_sources(const Console& console) {
  auto list = nlohmann::json::array();
  std::string text;
  for (const auto& kind : source_kinds()) {
    nlohmann::json keys = nlohmann::json::object();
    text += fmt::format("{}{:12} {}\n{:12} as in {}", text.empty() ? "" : "\n", kind.name,
                        kind.help, "", kind.example);
    for (const auto& [key, help] : kind.keys) {
      keys[key] = help;
      text += fmt::format("\n{:12}   {:12} {}", "", key + "=", help);
    }
    list.push_back(
        {{"name", kind.name}, {"help", kind.help}, {"example", kind.example}, {"keys", keys}});
  }
  console.result(text, {{"sources", list}});
}

int look(const DataArguments& a, const Console& console) {
  if (a.spec.empty()) {
    list_sources(console);
    return 0;
  }
  const auto source = open_source(
      parse_source(a.spec), {.seed = static_cast<std::uint64_t>(a.seed), .skip_bad = a.skip_bad});
  const auto& data = *source.splits.train;
  const auto& info = data.info();
  const auto summary = summarize(data, kMostItems, info.is_image() ? 10 * kPreviewColumns : 2000);
  const auto parts = parts_of(source.splits);
  nlohmann::json counts = nlohmann::json::object(), columns = nlohmann::json::array();
  auto text = fmt::format("{}\n  parts    {}\n  shape    {} ({})\n  numbers  {}",
                          source.spec.text(), parts.text, fmt::join(info.shape, " x "),
                          describe_values(info), line_of(summary.all));
  for (const auto& field : info.more)
    text += fmt::format("\n  beside x {}: {}", field.name, fmt::join(field.shape, " x "));
  std::vector<std::string> classes;
  for (const auto& [label, count] : summary.per_class) {
    counts[class_name(info, label)] = count;
    classes.push_back(fmt::format("{}: {}", class_name(info, label), count));
  }
  if (info.classes > 0)
    text += fmt::format("\n  classes  {}; {}", info.classes, join(classes, ", "));
  for (std::size_t d = 0; d < summary.columns.size(); ++d) {
    auto column = json_of(summary.columns[d]);
    column["name"] = column_name(info, d);
    columns.push_back(column);
    text += fmt::format("\n  {:20} {}", column_name(info, d), line_of(summary.columns[d]));
  }
  if (summary.items < data.size())
    text += fmt::format("\n  (over {} of {} items)", summary.items, data.size());
  if (info.skipped > 0) text += fmt::format("\n  {} broken items left out", info.skipped);
  for (const auto& note : info.notes) text += "\n  " + note;
  auto object = json_of(summary.all);
  object.update({{"data", source.spec.text()},
                 {"parts", parts.json},
                 {"shape", info.shape},
                 {"values", enum_name(info.values)},
                 {"levels", info.levels},
                 {"classes", info.classes},
                 {"class_counts", counts},
                 {"columns", columns},
                 {"items", summary.items},
                 {"skipped", info.skipped}});
  if (!a.out.empty()) {
    write_preview(a.out, data, summary.preview);
    object["file"] = a.out;
    text += "\n  preview  " + a.out;
  }
  console.result(text, object);
  return 0;
}

}  // namespace

void add_data(const Program& program) {
  auto a = std::make_shared<DataArguments>();
  auto* command = program.add("data", "list the data sources, look at one, or fetch one",
                              "kiln data shapes:size=32 -o shapes.png");
  command->add_option("SPEC", a->spec, "a source [all kinds of sources]");
  command->add_option("-o,--out", a->out,
                      "preview: FILE.png (images in class order) or FILE.svg (points) [none]");
  command->add_option("--seed", a->seed, "seed of generators [1]")->check(whole_number(0));
  command->add_flag("--skip-bad", a->skip_bad, "leave broken items out and count them");
  add_data_get({*command, program.console, program.commands, program.arguments});
  program.on_run(command, [command, a, &console = program.console] {
    check_out(*command);
    return look(*a, console);
  });
}

}  // namespace kiln::program
