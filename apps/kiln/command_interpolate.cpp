#include <fmt/format.h>

#include "apps/kiln/number_checks.h"
#include "apps/kiln/program.h"

namespace kiln::program {
namespace {

void check_interpolate(InterpolateArguments& a) {
  if (a.between != "prior" && a.between != "data")
    throw ConfigError("interpolate.between",
                      fmt::format("needs prior or data, got '{}'", a.between));
  option_detail::value_from("interpolate.path", a.path_name, a.path);
  check_run(a.run, {"decoder", a.between == "data" ? "encoder, so only --between prior"
                                                   : "prior, so only --between data"});
  if (a.between != "data" && !(a.data.empty() && a.split.empty()))
    throw ConfigError("interpolate", "--data and --split go with --between data");
  check_png(a);
}

}  // namespace

void add_interpolate(const Program& program) {
  auto a = std::make_shared<InterpolateArguments>();
  auto* command = program.add("interpolate", "draw the images on paths between latent codes",
                              "kiln interpolate runs/vae --between data -o paths.png");
  add_run_arguments(command, a->run);
  command->add_option("--rows", a->rows, "paths [8]")->check(whole_number(1, 1000));
  command->add_option("--steps", a->steps, "images on each path, both ends included [10]")
      ->check(whole_number(2, 1000));
  command->add_option("--path", a->path_name,
                      "slerp: along the arc, keeping the norm; lerp: the straight line [slerp]");
  command->add_option("--between", a->between,
                      "prior: two draws; data: codes of two items, for models that encode [prior]");
  command->add_option("--data", a->data, "with --between data: source [the run's own]");
  command->add_option("--split", a->split,
                      "with --between data: train, valid or test [test, or valid]");
  command->add_option("-o,--out", a->out, "FILE.png [RUN/samples/interpolate-SEED.png]");
  program.on_run(command, &Actions::interpolate, a, check_interpolate, {"decoder"});
}

}  // namespace kiln::program
