#pragma once

#include "kiln/io/svg_plot.h"
#include "kiln/runs/load_run.h"

namespace kiln {

/// What the plane of two latents decodes to, in equal steps of the prior's mass.
struct Manifold {
  Tensor z;            ///< [side * side, 2].
  Tensor x;            ///< Their pictures, [side * side, C, H, W].
  PictureTable words;  ///< Of the edges.
};

/// Throws ConfigError for a run without two latents, a decoder of pictures and a prior.
Manifold manifold_of(const TrainedModel& run, std::int64_t side, torch::Device device);

}  // namespace kiln
