#pragma once

#include <cstdint>
#include <vector>

#include "kiln/models/model.h"

namespace kiln {

/// Samples and the film of how they came about.
struct DrawFilm {
  Tensor samples;                   ///< As Sampler::sample gives them.
  std::vector<std::uint8_t> bytes;  ///< An animated WebP: a grid, grey where nothing is drawn yet.
  std::int64_t frames = 0;
};

/// Draws pictures and keeps about `frames` states on the way, evenly over the numbers, at 20 in a
/// second.  Throws ConfigError where the samples are no pictures, and for a model that draws all
/// numbers of a picture at once.
DrawFilm film_of_draw(Model& model, SampleRequest request, std::int64_t frames, Rng& rng);

}  // namespace kiln
