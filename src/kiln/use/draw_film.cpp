#include "kiln/use/draw_film.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "kiln/core/error.h"
#include "kiln/io/webp_film.h"
#include "kiln/models/seen_as.h"
#include "kiln/train/pictures.h"

namespace kiln {
namespace {

constexpr double kFramesPerSecond = 20;

// Which numbers of [C, H, W] are drawn at a share of the steps: 1, else 0.
Tensor drawn_places(const Autoregressive& model, double share, at::IntArrayRef shape) {
  const auto& order = model.ordering();
  const auto steps = std::llround(share * static_cast<double>(order.size(0)));
  return torch::zeros({order.size(0)}).index_fill_(0, order.slice(0, 0, steps), 1).reshape(shape);
}

}  // namespace

DrawFilm film_of_draw(Model& model, SampleRequest request, std::int64_t frames, Rng& rng) {
  auto* sampler = seen_as<Sampler>(model);
  const auto* steps = seen_as<Autoregressive>(model);
  if (!sampler || !steps)
    throw ConfigError("sample.out",
                      "a film shows pictures of an autoregressive model as it draws "
                      "them; give FILE.png");
  const auto values = model.value_set();
  const double grey = (values.low() + values.high()) / 2;
  WebpFilmOptions options;
  options.frames_per_second = kFramesPerSecond;
  WebpFilm film(options);
  double shown = 0;
  request.watch = [&](const Tensor& so_far, double share) {
    if (so_far.dim() != 4)
      throw ConfigError("sample.out", "the samples are no pictures: give FILE.csv or FILE.npy");
    if (share < 1 && share - shown < 1 / static_cast<double>(frames)) return true;
    shown = share;
    const auto drawn = drawn_places(*steps, share, so_far.sizes().slice(1)).to(so_far.device());
    film.add(
        picture_grid(torch::where(drawn.gt(0), so_far, torch::full_like(so_far, grey)), values, 0));
    return true;
  };
  DrawFilm result;
  result.samples = sampler->sample(request, rng);
  if (film.frames() < 2)
    throw ConfigError("sample.out",
                      "the model draws its pictures too fast to be watched; give FILE.png");
  result.frames = film.frames();
  result.bytes = film.finish();
  return result;
}

}  // namespace kiln
