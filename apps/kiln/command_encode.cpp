#include "apps/kiln/number_checks.h"
#include "apps/kiln/program.h"
#include "kiln/data/code_files.h"

namespace kiln::program {
namespace {

void check_encode(EncodeArguments& a) {
  check_code_file(a.out);
  check_ending("plot", a.plot, ".svg");
  if (a.beside_prior && a.plot.empty())
    throw ConfigError("encode.beside_prior", "is about the picture; say --plot FILE.svg as well");
  if (a.beside_prior) check_run(a.run, {"prior"});
}

}  // namespace

void add_encode(const Program& program) {
  auto a = std::make_shared<EncodeArguments>();
  auto* command = program.add("encode", "the code of each item as a table, and as a scatter plot",
                              "kiln encode runs/vae -o codes.csv --plot codes.svg");
  add_run_arguments(command, a->run);
  add_judged_data(command, a->data, a->split);
  command->add_option("-o,--out", a->out, "FILE.csv, or FILE.npz with z and y [codes.csv]");
  command->add_option("--plot", a->plot, "FILE.svg: the codes on the plane, classes in colours");
  command->add_flag("--beside-prior", a->beside_prior,
                    "with --plot: the density of the codes, and beside it that of the prior");
  command->add_option("--items", a->items, "so many of the first items; 0: all [0]")
      ->check(whole_number(0));
  command->add_option("--batch", a->batch, "items at a time [500]")->check(whole_number(1, 100000));
  program.on_run(command, &Actions::encode, a, check_encode, {"encoder"});
}

}  // namespace kiln::program
