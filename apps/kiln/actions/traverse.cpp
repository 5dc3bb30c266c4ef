#include <fmt/format.h>
#include <torch/types.h>

#include "apps/kiln/actions/run_pictures.h"
#include "apps/kiln/actions/traversal_rows.h"
#include "kiln/core/text.h"
#include "kiln/core/threads.h"
#include "kiln/models/seen_as.h"
#include "kiln/nn/latent_grid.h"
#include "kiln/use/code_traversal.h"
#include "kiln/use/codes.h"

namespace kiln::program {
namespace {

constexpr double kCodeReach = 2;  // of a number among codes

void check_range(const TraverseArguments& a, double reach) {
  if (low_of(a, reach) >= high_of(a, reach))
    throw ConfigError("traverse", fmt::format("--low must lie below --high, got {} and {}",
                                              low_of(a, reach), high_of(a, reach)));
}

// Models whose codes have parts: what each part does.
int traverse_codes(const TraverseArguments& a, const TrainedModel& run, const Informative& model,
                   const std::filesystem::path& path, const Console& console) {
  const double low = low_of(a, kCodeReach), high = high_of(a, kCodeReach);
  if (a.steps && model.code_parts().front().kind == CodePart::Kind::categorical)
    throw ConfigError("traverse.steps",
                      "rows have a column for each class of the first code; leave it out");
  const auto device = parse_device(a.run.device);
  Rng rng(static_cast<std::uint64_t>(a.run.seed), "traverse", device);
  const auto grid = code_traversal(model, run.as<Prior>("prior"), steps_of(a), low, high, rng);
  const auto x = decode_images("traverse", run, run.as<Decoder>("decoder"), grid.codes, device);
  write_picture(path, x, grid.words, a.run, run);
  std::vector<std::string> names;
  for (const auto& part : model.code_parts()) names.push_back(part.name);
  console.result(fmt::format("{}\n{} rows of {} columns: {}", path.string(),
                             x.size(0) / grid.words.columns, grid.words.columns, join(names, ", ")),
                 {{"run", a.run.run},
                  {"step", run.step},
                  {"codes", names},
                  {"columns", grid.words.columns},
                  {"low", low},
                  {"high", high},
                  {"file", path.string()}});
  return 0;
}

}  // namespace

int traverse(const TraverseArguments& a, const Console& console) {
  start_up();
  const auto path = picture_path(a.run, a.out, "traverse");
  const auto run = load(a.run, console);
  const auto* informative = seen_as<Informative>(*run.model);
  const bool codes = informative && a.latents.empty() && !a.item && !a.quantiles;
  check_range(a, codes ? kCodeReach : kReach);
  if (codes) return traverse_codes(a, run, *informative, path, console);
  auto& decoder = run.as<Decoder>("decoder");
  const auto latents = latents_of(run);
  const auto chosen = chosen_latents(a.latents, latents);
  const auto base = traversal_base(a, run, latents);
  const auto values = traversal_stops(a, run, latents);
  const auto z = traversal(base.z, chosen, values);
  const auto x = decode_images("traverse", run, decoder, z, parse_device(a.run.device));
  write_picture(path, x, traversal_words(a, chosen, values, short_name(base.name)), a.run, run);
  console.result(fmt::format("{}\n{} of {} latents, one in each row, from {}", path.string(),
                             chosen.size(), latents, base.name),
                 {{"run", a.run.run},
                  {"step", run.step},
                  {"base", base.name},
                  {"latents", chosen},
                  {"steps", steps_of(a)},
                  {"low", values.min().item<double>()},
                  {"high", values.max().item<double>()},
                  {"file", path.string()}});
  return 0;
}

}  // namespace kiln::program
