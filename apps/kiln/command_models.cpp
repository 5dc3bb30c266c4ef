#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apps/kiln/model_table.h"
#include "apps/kiln/option_table.h"
#include "apps/kiln/program.h"
#include "kiln/core/text.h"
#include "kiln/train/train_options.h"

namespace kiln::program {
namespace {

struct ModelsArguments {
  std::string model;
  bool training = false, markdown = false;
};

nlohmann::json about(const ModelInfo& entry) {
  return {{"name", entry.name},
          {"title", entry.title},
          {"paper", entry.paper},
          {"capabilities", entry.capabilities}};
}

void list_models(bool markdown, const Console& console) {
  nlohmann::json list = nlohmann::json::array();
  std::string text = markdown ? "| model | title | paper | capabilities |\n|---|---|---|---|" : "";
  for (const auto& entry : model_table()) {
    list.push_back(about(entry));
    const auto can = join(entry.capabilities, ", ");
    if (markdown)
      text += fmt::format("\n| `{}` | {} | {} | {} |", entry.name, entry.title, entry.paper, can);
    else
      text += fmt::format("{}{:17} {}\n{:17} {}; {}", text.empty() ? "" : "\n", entry.name,
                          entry.title, "", entry.paper, can);
  }
  console.result(text, {{"models", list}});
}

void show_options(const std::string& heading, nlohmann::json object,
                  const std::vector<FieldInfo>& fields, bool markdown, const Console& console,
                  const std::string& more_markdown = "") {
  object["options"] = option_json(fields);
  const auto text =
      markdown ? option_markdown(fields) + more_markdown : heading + option_lines(fields);
  console.result(without_last_newline(text), object);
}

int show(const ModelsArguments& a, const Console& console) {
  if (a.training) {
    if (!a.model.empty()) throw ConfigError("models", "give a MODEL or --training, not both");
    show_options("options of `kiln train` for every model\n", nlohmann::json::object(),
                 describe<TrainOptions>(), a.markdown, console);
    return 0;
  }
  if (a.model.empty()) {
    list_models(a.markdown, console);
    return 0;
  }
  const auto& entry = find_model_info(a.model);
  const auto heading =
      fmt::format("{}: {}\npaper: {}\ncapabilities: {}\n{}options\n", entry.name, entry.title,
                  entry.paper, join(entry.capabilities, ", "), recipe_lines(entry.recipes));
  auto object = about(entry);
  object["recipes"] = nlohmann::json::parse(to_json({entry})).at(0).at("recipes");
  show_options(heading, object, entry.fields, a.markdown, console, recipe_markdown(entry.recipes));
  return 0;
}

}  // namespace

void add_models(const Program& program) {
  auto a = std::make_shared<ModelsArguments>();
  auto* command =
      program.add("models", "list the models, or show one model's options", "kiln models nade");
  command->add_option("MODEL", a->model, "a model's name [all models]");
  command->add_flag("--training", a->training, "the options that `kiln train` has for every model");
  command->add_flag("--markdown", a->markdown, "as a table for the docs");
  program.on_run(command, [a, &console = program.console] { return show(*a, console); });
}

}  // namespace kiln::program
