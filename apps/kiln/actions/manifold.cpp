#include <fmt/format.h>
#include <torch/types.h>

#include "apps/kiln/actions/run_codes.h"
#include "apps/kiln/actions/run_pictures.h"
#include "kiln/core/threads.h"
#include "kiln/nn/latent_grid.h"

namespace kiln::program {
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
  write_picture(path, x, a.side, a.run, run);
  console.result(path.string(), {{"run", a.run.run},
                                 {"step", run.step},
                                 {"side", a.side},
                                 {"z_low", z.min().item<double>()},
                                 {"z_high", z.max().item<double>()},
                                 {"file", path.string()}});
  return 0;
}

}  // namespace kiln::program
