#include "apps/kiln/program.h"

namespace kiln::program {

void add_decode(const Program& program) {
  auto a = std::make_shared<DecodeArguments>();
  auto* command = program.add("decode", "what the model makes of codes: the mean of x given each",
                              "kiln decode runs/vae --codes codes.csv -o decoded.png");
  add_run_arguments(command, a->run);
  command
      ->add_option("--codes", a->codes,
                   "FILE.csv with columns z0, z1 ..., or FILE.npz with z [items, latents]")
      ->required();
  command->add_option("-n,--count", a->count, "so many of the first codes; 0: all [0]")
      ->check(CLI::NonNegativeNumber);
  command->add_option("-o,--out", a->out, "FILE.png (a grid), or FILE.npz with x")->required();
  program.on_run(command, &Actions::decode, a, {"decoder"});
}

}  // namespace kiln::program
