#include "kiln/nn/adversarial/augment.h"

#include <fmt/format.h>
#include <torch/types.h>

#include "kiln/core/error.h"
#include "kiln/core/text.h"

namespace kiln {
namespace {

// [B, 1, 1, 1], uniform in [low, high).
Tensor each(const Tensor& x, double low, double high, Rng& rng) {
  return (low + (high - low) * rng.uniform({x.size(0), 1, 1, 1})).to(x.options());
}

Tensor stretched(const Tensor& x, const Tensor& mean, const Tensor& factor) {
  return mean + (x - mean) * factor;
}

Tensor recoloured(const Tensor& x, Rng& rng) {
  auto y = x + each(x, -.5, .5, rng);
  if (y.size(1) == 3) y = stretched(y, y.mean(1, true), each(x, 0, 2, rng));
  return stretched(y, y.mean({1, 2, 3}, true), each(x, .5, 1.5, rng));
}

// Rows (or columns) moved along one axis of a padded image: [B, ..., side + 2 most] -> side.
Tensor moved(const Tensor& padded, std::int64_t dim, std::int64_t most, Rng& rng) {
  const auto items = padded.size(0), side = padded.size(dim) - 2 * most;
  const auto start = rng.integers(2 * most + 1, {items, 1}).to(padded.device());
  const auto places = start + torch::arange(side, start.options());
  auto shape = padded.sizes().vec();
  shape[static_cast<std::size_t>(dim)] = side;
  const auto index = dim == 2 ? places.view({items, 1, side, 1}) : places.view({items, 1, 1, side});
  return padded.gather(dim, index.expand(shape));
}

Tensor translated(const Tensor& x, Rng& rng) {
  const auto rows = x.size(2) / 8, columns = x.size(3) / 8;
  const auto padded = at::constant_pad_nd(x, {columns, columns, rows, rows});
  return moved(moved(padded, 2, rows, rng), 3, columns, rng);
}

// [B, side]: which places lie in a stretch of half the side about a random centre.
Tensor stretch(std::int64_t items, std::int64_t side, Rng& rng) {
  const auto first = rng.integers(side, {items, 1}) - side / 4;
  const auto place = torch::arange(side, first.options());
  return (place >= first).logical_and(place < first + side / 2);
}

Tensor cut_out(const Tensor& x, Rng& rng) {
  const auto rows = stretch(x.size(0), x.size(2), rng),
             columns = stretch(x.size(0), x.size(3), rng);
  const auto hole = rows.unsqueeze(2).logical_and(columns.unsqueeze(1)).unsqueeze(1);
  return x.masked_fill(hole.to(x.device()), 0);
}

}  // namespace

Augmentation Augmentation::parse(std::string_view where, const std::string& names) {
  Augmentation chosen;
  for (const auto& name : split(names, ',')) {
    if (name == "color")
      chosen.color_ = true;
    else if (name == "translation")
      chosen.translation_ = true;
    else if (name == "cutout")
      chosen.cutout_ = true;
    else
      throw ConfigError(
          where, fmt::format("no change '{}'; choose of color, translation, cutout, separated by "
                             "commas",
                             name));
  }
  return chosen;
}

Tensor Augmentation::operator()(const Tensor& x, Rng& rng) const {
  auto y = x;
  if (color_) y = recoloured(y, rng);
  if (translation_) y = translated(y, rng);
  if (cutout_) y = cut_out(y, rng);
  return y;
}

}  // namespace kiln
