#include "apps/kiln/number_checks.h"
#include "apps/kiln/program.h"

namespace kiln::program {
namespace {

void check_arithmetic(ArithmeticArguments& a) {
  if (a.plus.empty() && a.minus.empty())
    throw ConfigError("arithmetic", "needs --plus or --minus, as in --plus label=3");
  check_png(a);
}

}  // namespace

void add_arithmetic(const Program& program) {
  auto a = std::make_shared<ArithmeticArguments>();
  auto* command = program.add("arithmetic", "add and subtract the mean codes of labelled items",
                              "kiln arithmetic runs/vae --plus shape=circle --minus shape=square");
  add_run_arguments(command, a->run);
  command->add_option("--plus", a->plus,
                      "label=CLASS, or ATTRIBUTE=VALUE where the data have attributes; repeatable");
  command->add_option("--minus", a->minus, "the same, to take away; repeatable");
  command->add_option("--from", a->from,
                      "items to change, as in 0,5,7 [the first 8 that have the first --minus]");
  command->add_option("--steps", a->steps, "images from an item's code to its new one [5]")
      ->check(whole_number(2, 100));
  command->add_option("--strength", a->strength, "how far to go; 1: the difference itself [1]");
  command->add_option("--items", a->items, "means over so many of the first items; 0: all [2000]")
      ->check(whole_number(0));
  add_judged_data(command, a->data, a->split,
                  "labelled data source, every row [the run's own source]");
  command->add_option("-o,--out", a->out, "FILE.png [RUN/samples/arithmetic.png]");
  program.on_run(command, &Actions::arithmetic, a, check_arithmetic, {"decoder", "encoder"});
}

}  // namespace kiln::program
