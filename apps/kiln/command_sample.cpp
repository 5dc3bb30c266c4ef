#include "apps/kiln/program.h"

namespace kiln::program {

void add_sample(const Program& program) {
  auto a = std::make_shared<SampleArguments>();
  auto* command = program.add("sample", "draw samples from a trained model",
                              "kiln sample runs/nade -n 100 -o digits.png");
  add_run_arguments(command, a->run);
  command->add_option("-n,--count", a->count, "how many [64]")->check(CLI::Range(1, 1000000));
  command->add_option("-o,--out", a->out,
                      "FILE.png (a grid), FILE.npy, or DIR/ [RUN/samples/sample-SEED]");
  command
      ->add_option("--temperature", a->temperature,
                   "below 1: safer samples, above 1: bolder ones [1]")
      ->check(CLI::Range(1e-3, 100.0));
  command->add_option("--condition", a->condition,
                      "label=N: of class N alone, for models that know classes [all in turn]");
  command->add_flag("--mean", a->mean,
                    "for models with a decoder: the mean of x given a drawn code, not a draw of x");
  program.on_run(command, &Actions::sample, a);
}

}  // namespace kiln::program
