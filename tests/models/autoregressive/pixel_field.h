#pragma once

#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <functional>
#include <set>
#include <utility>

#include "tests/models/autoregressive/pixel_parts.h"

namespace kiln {

// What a pixel can see, of pictures of 11 x 11.

using Pixels = std::set<std::pair<std::int64_t, std::int64_t>>;  // row, column

inline constexpr std::int64_t kSide = 11;

// The pixels whose values move the law of pixel (row, column), by the gradient in float64.
inline Pixels field(PixelModel& model, std::int64_t row, std::int64_t column) {
  model.to(torch::kDouble);
  Rng rng(2);
  auto x = rng.integers(2, {1, 1, kSide, kSide}).to(torch::kDouble).set_requires_grad(true);
  const auto logit = model.logits(x)[0][0][row][column];
  const auto slope = torch::autograd::grad({logit}, {x})[0][0][0];
  Pixels seen;
  for (std::int64_t r = 0; r < kSide; ++r)
    for (std::int64_t c = 0; c < kSide; ++c)
      if (slope[r][c].item<double>() != 0) seen.insert({r, c});
  return seen;
}

inline Pixels all_before(std::int64_t row, std::int64_t column) {
  Pixels before;
  for (std::int64_t r = 0; r <= row; ++r)
    for (std::int64_t c = 0; c < kSide; ++c)
      if (r < row || c < column) before.insert({r, c});
  return before;
}

// What a layer reads, added pixel by pixel.
using Reach = std::function<Pixels(std::int64_t row, std::int64_t column)>;
inline Pixels through(const Pixels& from, const Reach& reach) {
  Pixels read;
  for (const auto& [row, column] : from)
    for (const auto& pixel : reach(row, column))
      if (pixel.first >= 0 && pixel.second >= 0 && pixel.second < kSide) read.insert(pixel);
  return read;
}

// A k x k kernel with mask A or B.
inline Reach masked(std::int64_t kernel, bool itself) {
  return [=](std::int64_t row, std::int64_t column) {
    Pixels read;
    for (std::int64_t r = row - kernel / 2; r <= row; ++r)
      for (std::int64_t c = column - kernel / 2; c <= column + kernel / 2; ++c)
        if (r < row || c < column || (itself && c == column)) read.insert({r, c});
    return read;
  };
}

inline OptionMap deep(OptionMap more) {
  return with({{"height", "11"}, {"width", "11"}, {"head", "32"}}, more);
}

}  // namespace kiln
