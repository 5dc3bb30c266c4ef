#include "apps/kiln/number_checks.h"
#include "apps/kiln/program.h"

namespace kiln::program {

void add_reconstruct(const Program& program) {
  auto a = std::make_shared<ReconstructArguments>();
  auto* command = program.add("reconstruct", "draw items over what the model makes of their codes",
                              "kiln reconstruct runs/vae -n 16 -o reconstructions.png");
  add_run_arguments(command, a->run);
  add_judged_data(command, a->data, a->split);
  command->add_option("-n,--count", a->count, "how many of the first items [16]")
      ->check(whole_number(1, 10000));
  command->add_option("-o,--out", a->out, "FILE.png [RUN/samples/reconstructions.png]");
  program.on_run(command, &Actions::reconstruct, a, check_png, {"encoder", "decoder"});
}

}  // namespace kiln::program
