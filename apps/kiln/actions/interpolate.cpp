#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "apps/kiln/actions/run_access.h"
#include "apps/kiln/actions/run_pictures.h"
#include "kiln/core/threads.h"

namespace kiln::program {
namespace {

struct Ends {
  Tensor from, to;  // [rows, J]
  std::string name;
};

// Codes of the first 2 R items, the first R to the second R; or draws from the prior.
Ends ends_of(const InterpolateArguments& a, const TrainedModel& run) {
  torch::NoGradGuard no_grad;
  const auto device = parse_device(a.run.device);
  const auto seed = static_cast<std::uint64_t>(a.run.seed);
  if (a.between == "prior") {
    Rng rng(seed, "interpolate", device);
    auto& prior = run.as<Prior>("prior, so only --between data");
    auto from = prior.sample_prior(a.rows, rng);
    return {from, prior.sample_prior(a.rows, rng), "prior"};
  }
  auto& encoder = run.as<Encoder>("encoder, so only --between prior");
  const auto judged = judged_data(run, a.data, a.split);
  const auto indices = first_items(judged, 2 * a.rows);
  const auto rows = static_cast<std::int64_t>(indices.size() / 2);
  if (rows < a.rows)
    throw ConfigError("interpolate", fmt::format("{} rows need {} items; {} has {}", a.rows,
                                                 2 * a.rows, judged.name, judged.data->size()));
  const auto codes = encoder.encode_mean(items_of(judged, indices, seed, device));
  return {codes.narrow(0, 0, rows), codes.narrow(0, rows, rows), judged.name};
}

}  // namespace

int interpolate(const InterpolateArguments& a, const Console& console) {
  start_up();
  const auto path = picture_path(a.run, a.out, fmt::format("interpolate-{}", a.run.seed));
  const auto run = load(a.run, console);
  auto& decoder = run.as<Decoder>("decoder");
  const auto ends = ends_of(a, run);
  const auto x = interpolation_rows(decoder, a.path, ends.from, ends.to, a.steps);
  if (x.dim() != 4)
    throw ConfigError("interpolate",
                      fmt::format("draws images; the run learned {}, a table", run.config.data));
  write_picture(path, x, a.steps, a.run, run);
  console.result(path.string(), {{"run", a.run.run},
                                 {"step", run.step},
                                 {"between", ends.name},
                                 {"path", a.path_name},
                                 {"rows", a.rows},
                                 {"steps", a.steps},
                                 {"seed", a.run.seed},
                                 {"file", path.string()}});
  return 0;
}

}  // namespace kiln::program
