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
  program.on_run(command, &Actions::check, a, check_check);
}

}  // namespace kiln::program
