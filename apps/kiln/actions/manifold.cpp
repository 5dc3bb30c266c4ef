#include <fmt/format.h>
#include <torch/types.h>

#include "apps/kiln/actions/run_pictures.h"
#include "kiln/core/threads.h"
#include "kiln/nn/latent_grid.h"
#include "kiln/use/codes.h"

namespace kiln::program {
namespace {

// Along each edge the value of its latent where all cells of a column (or row) share it, as they do
// under a prior of independent latents; else only what the edge is.
PictureTable words_of(const Tensor& z, const ManifoldArguments& a, const TrainedModel& run) {
  const auto places = z.reshape({a.side, a.side, 2});
  const auto across = places.select(2, 0), up = places.select(2, 1);
  PictureTable table{.title = fmt::format("what the codes of {} decode to", run.config.model),
                     .x_label = "z0, in steps of equal mass of the prior",
                     .y_label = "z1, in steps of equal mass of the prior",
                     .rows = a.side,
                     .columns = a.side};
  const auto name = [](const Tensor& value) { return fmt::format("{:.2g}", value.item<double>()); };
  if (!across.eq(across[0]).all().item<bool>() ||
      !up.eq(up.select(1, 0).unsqueeze(1)).all().item<bool>()) {
    table.x_label = "first share of the prior's mass, 0 to 1";
    table.y_label = "second share, 0 to 1";
    return table;
  }
  for (std::int64_t i = 0; i < a.side; ++i) {
    table.column_words.push_back(name(across[0][i]));
    table.row_words.push_back(name(up[i][0]));
  }
  return table;
}

}  // namespace

int manifold(const ManifoldArguments& a, const Console& console) {
  start_up();
  const auto path = picture_path(a.run, a.out, "manifold");
  const auto run = load(a.run, console);
  auto& decoder = run.as<Decoder>("decoder");
  const auto latents = latents_of(run);
  if (latents != 2)
    throw ConfigError("manifold",
                      fmt::format("draws the plane of 2 latents, and the run has {}; train with "
                                  "--latent 2, or see one latent at a time with kiln traverse",
                                  latents));
  const auto z = run.as<Prior>("prior over its codes").prior_quantile(grid_quantiles(a.side));
  const auto x = decode_images("manifold", run, decoder, z, parse_device(a.run.device));
  write_picture(path, x, words_of(z, a, run), a.run, run);
  console.result(path.string(), {{"run", a.run.run},
                                 {"step", run.step},
                                 {"side", a.side},
                                 {"z_low", z.min().item<double>()},
                                 {"z_high", z.max().item<double>()},
                                 {"file", path.string()}});
  return 0;
}

}  // namespace kiln::program
