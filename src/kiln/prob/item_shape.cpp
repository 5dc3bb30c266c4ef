#include "kiln/prob/item_shape.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "kiln/core/check.h"
#include "kiln/prob/finite_rows.h"

namespace kiln {

void ItemShape::check(std::string_view where) const {
  if (channels > 0 && channels * height * width != data_dim)
    throw ConfigError(where, fmt::format("data_dim must be channels * height * width = {}, got {}",
                                         channels * height * width, data_dim));
}

Tensor ItemShape::flat(std::string_view where, std::string_view name, const Tensor& x) const {
  if (channels > 0 && x.defined() && x.dim() != 2)
    check_shape(where, name, x, {kAny, channels, height, width});
  else
    check_shape(where, name, x, {kAny, data_dim});
  return x.reshape({x.size(0), data_dim});
}

Tensor ItemShape::real_numbers(std::string_view where, const Tensor& x) const {
  return finite_rows(where, "x", flat(where, "x", x));
}

Tensor ItemShape::shaped(const Tensor& x) const {
  return channels == 0 ? x : x.reshape({x.size(0), channels, height, width});
}

std::vector<std::int64_t> ItemShape::ordering(Ordering kind, std::int64_t seed) const {
  const auto image =
      channels > 0 ? ImageShape{channels, height, width} : ImageShape{1, 1, data_dim};
  return make_ordering(kind, image, static_cast<std::uint64_t>(seed));
}

std::vector<std::int64_t> ItemShape::chosen_ordering(Ordering kind, std::int64_t seed,
                                                     const std::string& steps) const {
  if (kind == Ordering::file) return parse_ordering("ordering_steps", steps, data_dim);
  if (!steps.empty())
    throw ConfigError("ordering_steps",
                      fmt::format("belongs to ordering file, not {}", enum_name(kind)));
  return ordering(kind, seed);
}

void check_binary(std::string_view where, const Tensor& x) {
  const auto wrong = x.ne(0).logical_and(x.ne(1));
  if (!wrong.any().item<bool>()) return;
  const auto place = wrong.nonzero()[0];
  const auto item = place[0].item<std::int64_t>(), number = place[1].item<std::int64_t>();
  throw ConfigError(where, fmt::format("x must be 0 or 1, got {} at sample {}, pixel {}; add "
                                       "binarize=threshold or binarize=stochastic to the data "
                                       "source",
                                       x[item][number].item<double>(), item, number));
}

}  // namespace kiln
