#include "apps/kiln/number_checks.h"
#include "apps/kiln/program.h"
#include "kiln/data/code_files.h"

namespace kiln::program {
namespace {

void check_decode(DecodeArguments& a) {
  check_code_file(a.codes);
  if (!a.out.ends_with(".npz")) check_png(a);
}

}  // namespace

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
      ->check(whole_number(0));
  command->add_option("-o,--out", a->out, "FILE.png (a grid), or FILE.npz with x")->required();
  program.on_run(command, &Actions::decode, a, check_decode, {"decoder"});
}

}  // namespace kiln::program
