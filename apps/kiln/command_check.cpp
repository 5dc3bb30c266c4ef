#include "apps/kiln/program.h"

namespace kiln::program {

void add_check(const Program& program) {
  auto a = std::make_shared<CheckArguments>();
  auto* command = program.add(
      "check", "is it normalised, is it causal, do its samplers, its gradient and its bounds agree",
      "kiln check runs/nade -o leaks.svg");
  add_run_arguments(command, a->run);
  add_judged_data(command, a->data, a->split, "data source for contexts [the run's own source]");
  command->add_option("-o,--out", a->out, "SVG file for the leak matrix [none]");
  program.on_run(command, &Actions::check, a, check_svg);
}

}  // namespace kiln::program
