#include "apps/kiln/program.h"

namespace kiln::program {

void add_probe(const Program& program) {
  auto a = std::make_shared<ProbeArguments>();
  auto* command = program.add("probe", "what a classifier with few labels makes of the codes",
                              "kiln probe runs/vae --labels 100,1000 --fine-tune");
  add_run_arguments(command, a->run);
  command->add_option("--labels", a->labels,
                      "numbers of labelled items, as many of every class [100,1000]");
  command->add_flag("--fine-tune", a->fine_tune, "also train the encoder on, ten times slower");
  command->add_option("--neighbours", a->neighbours, "that vote, by cosine [20]")
      ->check(CLI::Range(1, 10000));
  command->add_option("--data", a->data,
                      "labelled source: its train part gives labels [the run's own source]");
  command->add_option(
      "--split", a->split,
      "what to judge by: test or valid [test, or valid where there is no test part]");
  program.on_run(command, &Actions::probe, a, {"encoder"});
}

}  // namespace kiln::program
