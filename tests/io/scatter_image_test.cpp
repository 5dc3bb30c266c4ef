// needs: base
#include "kiln/io/scatter_image.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "kiln/core/error.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

constexpr std::int64_t kSide = 100;

Image dots_at(const std::vector<double>& x, const std::vector<double>& y, double radius = 3,
              double opacity = 1) {
  return scatter_image(
      {.side = kSide,
       .x = {-1, 1},
       .y = {-1, 1},
       .layers = {{.x = x, .y = y, .colour = {0, 0, 0}, .radius = radius, .opacity = opacity}}});
}

int red(const Image& image, std::int64_t column, std::int64_t row) {
  return image.pixels[static_cast<std::size_t>(3 * (row * image.width + column))];
}

// What is darker than in the empty picture, in whole pixels, and where its middle lies.
struct Ink {
  double area = 0, column = 0, row = 0;
};

Ink ink_of(const Image& image) {
  const auto empty = dots_at({}, {});
  Ink ink;
  for (std::int64_t row = 0; row < kSide; ++row)
    for (std::int64_t column = 0; column < kSide; ++column) {
      const double mass = (red(empty, column, row) - red(image, column, row)) / 255.0;
      ink.area += mass;
      ink.column += mass * (static_cast<double>(column) + 0.5);
      ink.row += mass * (static_cast<double>(row) + 0.5);
    }
  ink.column /= ink.area, ink.row /= ink.area;
  return ink;
}

// A soft edge one pixel wide holds the disc's area and pi / 12 more.
TEST(ScatterImage, ADotHoldsTheInkOfItsAreaWhereverItsCentreFalls) {
  for (const double shift : {0.0, 0.003, 0.007, 0.011}) {
    const auto ink = ink_of(dots_at({0.2 + shift}, {0.5 - shift}, 6));
    const double expected = std::numbers::pi * (36 + 1.0 / 12);
    EXPECT_NEAR(ink.area, expected, 0.01 * expected) << shift;
  }
}

// The box's lines run through 4.5 and 95.5: -1 and 1.
TEST(ScatterImage, PlacesAreLinearAndYGrowsUpwards) {
  const auto ink = ink_of(dots_at({0.5}, {0.2}));
  EXPECT_NEAR(ink.column, 4.5 + 91 * 0.75, 0.02);
  EXPECT_NEAR(ink.row, 95.5 - 91 * 0.6, 0.02);
}

TEST(ScatterImage, DotsThatOverlapAreLaidOverOneAnother) {
  const auto column = std::int64_t{50}, row = std::int64_t{50};      // inside a dot at the middle
  EXPECT_EQ(red(dots_at({0}, {0}, 3, 0.4), column, row), 153);       // 255 (1 - 0.4)
  EXPECT_EQ(red(dots_at({0, 0}, {0, 0}, 3, 0.4), column, row), 92);  // 255 (1 - 0.4)^2 = 91.8
  const auto layers =
      scatter_image({.side = kSide,
                     .x = {-1, 1},
                     .y = {-1, 1},
                     .layers = {{.x = {0}, .y = {0}, .colour = {0, 0, 0}, .opacity = 1},
                                {.x = {0}, .y = {0}, .colour = {200, 10, 30}, .opacity = 1}}});
  EXPECT_EQ(red(layers, column, row), 200);
}

TEST(ScatterImage, WhatLiesOutsideOrIsNoNumberIsLeftOut) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = HUGE_VAL;
  const auto image = dots_at({1.01, 0, nan, 0, inf, -inf}, {0, -1.01, 0, nan, 0, 0});
  EXPECT_EQ(image.pixels, dots_at({}, {}).pixels);
  EXPECT_GT(ink_of(dots_at({1}, {-1})).area, 10);  // a corner is inside
}

TEST(ScatterImage, ABoxStandsFourPixelsFromTheEdge) {
  const auto image = dots_at({}, {});
  ASSERT_EQ(image.pixels.size(), 3u * kSide * kSide);
  for (std::int64_t at = 0; at < kSide; ++at) {
    const int line = at >= 4 && at <= 95 ? 136 : 255;
    EXPECT_EQ(red(image, at, 4), line);
    EXPECT_EQ(red(image, at, 95), line);
    EXPECT_EQ(red(image, 4, at), line);
    EXPECT_EQ(red(image, 95, at), line);
    EXPECT_EQ(red(image, at, 3), 255);
  }
}

TEST(ScatterImage, WrongCallsAreRefused) {
  EXPECT_EQ(message_of<ShapeError>([] {
              dots_at({1, 2}, {1});
            }),
            "[scatter_image] a layer has 2 x and 1 y");
  EXPECT_EQ(message_of<ConfigError>([] { scatter_image({.side = 31}); }),
            "[scatter_image] side must be between 32 and 8192, got 31");
}

}  // namespace
}  // namespace kiln
