#include "apps/kiln/number_checks.h"
#include "apps/kiln/program.h"

namespace kiln::program {

void add_manifold(const Program& program) {
  auto a = std::make_shared<ManifoldArguments>();
  auto* command =
      program.add("manifold", "draw what every place of a plane of 2 latents decodes to",
                  "kiln manifold runs/vae2 -n 20 -o manifold.png");
  add_run_arguments(command, a->run);
  command
      ->add_option("-n,--side", a->side, "images a side, at equal steps of the prior's mass [20]")
      ->check(whole_number(1, 100));
  command->add_option("-o,--out", a->out,
                      "FILE.png, or FILE.svg with axes [RUN/samples/manifold.png]");
  program.on_run(command, &Actions::manifold, a, check_picture, {"decoder", "prior"});
}

}  // namespace kiln::program
