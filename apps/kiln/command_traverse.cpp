#include <fmt/format.h>

#include <cmath>

#include "apps/kiln/number_checks.h"
#include "apps/kiln/program.h"

namespace kiln::program {
namespace {

constexpr double kFarthest = 1e30;

void check_traverse(TraverseArguments& a) {
  if (!a.item && !(a.data.empty() && a.split.empty()))
    throw ConfigError("traverse",
                      "--data and --split say where --item is; set it or leave them out");
  for (const auto& end : {a.low, a.high})
    if (end && !(std::abs(*end) <= kFarthest))
      throw ConfigError("traverse", fmt::format("--low and --high lie between -{0:g} and {0:g}, "
                                                "got {1:g}",
                                                kFarthest, *end));
  if (a.low && a.high && *a.low >= *a.high)
    throw ConfigError("traverse",
                      fmt::format("--low must lie below --high, got {} and {}", *a.low, *a.high));
  if (a.quantiles && (a.low || a.high))
    throw ConfigError("traverse",
                      "--quantiles says where a latent starts and ends; leave --low "
                      "and --high out");
  if (a.item) check_run(a.run, {"decoder", "encoder, so only a traversal from 0, without --item"});
  if (a.quantiles) check_run(a.run, {"decoder", "prior, so no --quantiles"});
  check_picture(a);
}

}  // namespace

void add_traverse(const Program& program) {
  auto a = std::make_shared<TraverseArguments>();
  auto* command = program.add("traverse", "draw what each latent does: one row for each",
                              "kiln traverse runs/vae --item 3 -o traverse.png");
  add_run_arguments(command, a->run);
  command->add_option(
      "--latents", a->latents,
      "which, as in 0,3-5 [the first 20; of a model with codes, what each code does]");
  command
      ->add_option(
          "--steps", a->steps,
          "images in each row, both ends included [11; of a model with codes, its classes]")
      ->check(whole_number(2, 1000));
  command->add_option("--low", a->low, "where a latent starts [-3; a number among codes -2]");
  command->add_option("--high", a->high, "where it ends [3; a number among codes 2]");
  command->add_flag("--quantiles", a->quantiles,
                    "equal steps of the prior's mass instead of --low to --high");
  command
      ->add_option("--item", a->item,
                   "the other latents stay at this item's code, for models that encode [at 0]")
      ->check(whole_number(0));
  command->add_option("--data", a->data, "with --item: source [the run's own]");
  command->add_option("--split", a->split, "with --item: train, valid or test [test, or valid]");
  command->add_option("-o,--out", a->out,
                      "FILE.png, or FILE.svg with words [RUN/samples/traverse.png]");
  program.on_run(command, &Actions::traverse, a, check_traverse, {"decoder"});
}

}  // namespace kiln::program
