#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <functional>
#include <set>

#include "kiln/core/rng.h"
#include "kiln/models/pixel_model.h"
#include "tests/models/autoregressive/pixel_parts.h"

namespace kiln {
namespace {

using Pixels = std::set<std::pair<std::int64_t, std::int64_t>>;  // row, column

constexpr std::int64_t kSide = 11;

// The pixels whose values move the law of pixel (row, column), by the gradient in float64.
Pixels field(PixelModel& model, std::int64_t row, std::int64_t column) {
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

Pixels all_before(std::int64_t row, std::int64_t column) {
  Pixels before;
  for (std::int64_t r = 0; r <= row; ++r)
    for (std::int64_t c = 0; c < kSide; ++c)
      if (r < row || c < column) before.insert({r, c});
  return before;
}

// What a layer reads, added pixel by pixel.
using Reach = std::function<Pixels(std::int64_t row, std::int64_t column)>;
Pixels through(const Pixels& from, const Reach& reach) {
  Pixels read;
  for (const auto& [row, column] : from)
    for (const auto& pixel : reach(row, column))
      if (pixel.first >= 0 && pixel.second >= 0 && pixel.second < kSide) read.insert(pixel);
  return read;
}

// A k x k kernel with mask A or B.
Reach masked(std::int64_t kernel, bool itself) {
  return [=](std::int64_t row, std::int64_t column) {
    Pixels read;
    for (std::int64_t r = row - kernel / 2; r <= row; ++r)
      for (std::int64_t c = column - kernel / 2; c <= column + kernel / 2; ++c)
        if (r < row || c < column || (itself && c == column)) read.insert({r, c});
    return read;
  };
}

// A Row LSTM: the triangle above the cell, and of each of its cells the pixel before.
Pixels triangle(std::int64_t row, std::int64_t column) {
  Pixels read;
  for (std::int64_t r = 0; r <= row; ++r)
    for (std::int64_t c = column - (row - r); c <= column + (row - r); ++c)
      if (c >= 0 && c < kSide) read.insert({r, c}), read.insert({r, c - 1});
  return read;
}

OptionMap deep(OptionMap more) {
  return with({{"height", "11"}, {"width", "11"}, {"head", "32"}}, more);
}

TEST(ReceptiveField, OfARowLstmIsATriangle) {
  auto model = pixel_model("pixel_rnn", deep({{"kind", "row"}, {"layers", "1"}, {"hidden", "6"}}));
  for (const std::int64_t column : {0, 5, 10}) {
    const auto expected = through(through({{10, column}}, triangle), masked(7, false));
    EXPECT_EQ(field(*model, 10, column), expected) << column;
  }
  EXPECT_FALSE(field(*model, 10, 0).contains({9, 10}));  // before it, and not seen
}

TEST(ReceptiveField, OfPixelCnnHasABlindSpot) {
  auto model = pixel_model("pixel_cnn", deep({{"layers", "4"}, {"hidden", "6"}}));
  Pixels expected{{10, 3}};
  for (int layer = 0; layer < 4; ++layer) expected = through(expected, masked(3, true));
  expected = through(expected, masked(7, false));
  const auto seen = field(*model, 10, 3);
  EXPECT_EQ(seen, expected);
  EXPECT_FALSE(seen.contains({9, 7}));  // four to the right in the row above: no depth helps
  EXPECT_TRUE(seen.contains({9, 6}));
}

TEST(ReceptiveField, OfADiagonalBiLstmIsEveryPixelBefore) {
  for (const char* layers : {"1", "3"}) {
    auto model =
        pixel_model("pixel_rnn", deep({{"kind", "diagonal"}, {"layers", layers}, {"hidden", "6"}}));
    for (const auto& [row, column] : Pixels{{0, 1}, {3, 0}, {10, 0}, {7, 5}, {10, 10}})
      EXPECT_EQ(field(*model, row, column), all_before(row, column)) << row << " " << column;
  }
}

TEST(ReceptiveField, OfGatedPixelCnnIsEveryPixelBefore) {
  auto model = pixel_model("gated_pixel_cnn", deep({{"layers", "12"}, {"maps", "6"}}));
  for (const auto& [row, column] : Pixels{{0, 1}, {3, 0}, {10, 0}, {7, 5}, {10, 10}})
    EXPECT_EQ(field(*model, row, column), all_before(row, column)) << row << " " << column;
}

}  // namespace
}  // namespace kiln
