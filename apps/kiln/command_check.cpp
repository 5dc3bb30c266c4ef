#include <algorithm>

#include "apps/kiln/model_table.h"
#include "apps/kiln/program.h"
#include "kiln/train/run_folder.h"

namespace kiln::program {
namespace {

void check_check(CheckArguments& a) {
  check_svg(a);
  const auto& model = find_model_info(RunFolder::open(a.run.run).config().model);
  const auto has = [&](const char* capability) {
    return std::find(model.capabilities.begin(), model.capabilities.end(), capability) !=
           model.capabilities.end();
  };
  if (!has("likelihood") && !has("bound"))
    refuse_capability(model.name, "likelihood or bound", model.capabilities);
  if (!a.out.empty() && !has("autoregressive"))
    throw ConfigError("check.out",
                      "the picture is a leak matrix, which only an autoregressive "
                      "model has; leave out -o");
  if (!a.field.empty() && !has("autoregressive"))
    throw ConfigError("check.field",
                      "only an autoregressive model's pixels read those before them; "
                      "leave out --field");
  if (a.field.empty() && !a.pixel.empty())
    throw ConfigError("check.pixel", "is of --field FILE.svg; give that too, or leave it out");
  check_ending("field", a.field, ".svg");
  if (!a.field.empty()) check_folder_of(a.field);
}

}  // namespace

void add_check(const Program& program) {
  auto a = std::make_shared<CheckArguments>();
  auto* command = program.add(
      "check", "is it normalised, is it causal, do its samplers, its gradient and its bounds agree",
      "kiln check runs/nade -o leaks.svg");
  add_run_arguments(command, a->run);
  add_judged_data(command, a->data, a->split, "data source for contexts [the run's own source]");
  command->add_option("-o,--out", a->out, "SVG file for the leak matrix [none]");
  command->add_option("--field", a->field,
                      "SVG file of what a pixel's law reads, for models of pictures [none]");
  command->add_option("--pixel", a->pixel, "ROW,COLUMN of that pixel [the middle]");
  program.on_run(command, &Actions::check, a, check_check);
}

}  // namespace kiln::program
