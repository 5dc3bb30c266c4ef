#include "apps/kiln/number_checks.h"
#include "apps/kiln/program.h"

namespace kiln::program {

void add_neighbours(const Program& program) {
  auto a = std::make_shared<NeighboursArguments>();
  auto* command =
      program.add("neighbours", "were training items memorised? samples beside the nearest of them",
                  "kiln neighbours runs/dcgan --samples 2000 -o neighbours.png");
  add_run_arguments(command, a->run);
  command->add_option("--data", a->data,
                      "source whose training part is searched; its test part, or validation part, "
                      "is held out [the run's own]");
  command->add_option("--samples", a->samples, "samples to draw [1000]")
      ->check(whole_number(1, 1000000));
  command->add_option("--count", a->count, "rows of the picture: the samples that lie nearest [10]")
      ->check(whole_number(1, 1000));
  command->add_option("--nearest", a->nearest, "training items in each row [7]")
      ->check(whole_number(1, 100));
  command->add_option("-o,--out", a->out, "FILE.png of images [RUN/samples/neighbours.png]");
  program.on_run(command, &Actions::neighbours, a, check_png, {"sampler"});
}

}  // namespace kiln::program
