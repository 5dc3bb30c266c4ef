#include "kiln/use/manifold.h"

#include <fmt/format.h>
#include <torch/types.h>

#include "kiln/nn/latent_grid.h"
#include "kiln/use/codes.h"

namespace kiln {
namespace {

// Along each edge the value of its latent where all cells of a column (or row) share it, as they do
// under a prior of independent latents; else only what the edge is.
PictureTable words_of(const Tensor& z, std::int64_t side, const std::string& model) {
  const auto places = z.reshape({side, side, 2});
  const auto across = places.select(2, 0), up = places.select(2, 1);
  PictureTable table{.title = fmt::format("what the codes of {} decode to", model),
                     .x_label = "z0, in steps of equal mass of the prior",
                     .y_label = "z1, in steps of equal mass of the prior",
                     .rows = side,
                     .columns = side};
  const auto name = [](const Tensor& value) { return fmt::format("{:.2g}", value.item<double>()); };
  if (!across.eq(across[0]).all().item<bool>() ||
      !up.eq(up.select(1, 0).unsqueeze(1)).all().item<bool>()) {
    table.x_label = "first share of the prior's mass, 0 to 1";
    table.y_label = "second share, 0 to 1";
    return table;
  }
  for (std::int64_t i = 0; i < side; ++i) {
    table.column_words.push_back(name(across[0][i]));
    table.row_words.push_back(name(up[i][0]));
  }
  return table;
}

}  // namespace

Manifold manifold_of(const TrainedModel& run, std::int64_t side, torch::Device device) {
  auto& decoder = run.as<Decoder>("decoder");
  const auto latents = latents_of(run);
  if (latents != 2)
    throw ConfigError("manifold",
                      fmt::format("draws the plane of 2 latents, and the run has {}; train with "
                                  "--latent 2, or see one latent at a time with kiln traverse",
                                  latents));
  const auto z = run.as<Prior>("prior over its codes").prior_quantile(grid_quantiles(side));
  return {.z = z,
          .x = decode_images("manifold", run, decoder, z, device),
          .words = words_of(z, side, run.config.model)};
}

}  // namespace kiln
