// needs: base
#include "kiln/io/pixel_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "kiln/io/image_grid.h"

namespace kiln {
namespace {

Image white(std::int64_t width, std::int64_t height, std::int64_t channels = 1) {
  return {.width = width,
          .height = height,
          .channels = channels,
          .pixels =
              std::vector<std::uint8_t>(static_cast<std::size_t>(width * height * channels), 255)};
}

// The picture as lines of '#' for black and '.' for white.
std::vector<std::string> drawn(const Image& image) {
  std::vector<std::string> lines;
  for (std::int64_t row = 0; row < image.height; ++row) {
    std::string line;
    for (std::int64_t column = 0; column < image.width; ++column)
      line += image.pixels[static_cast<std::size_t>(row * image.width + column)] ? '.' : '#';
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> written(std::string_view text) {
  auto image = white(text_width(text), text_height());
  write_text(image, 0, 0, text);
  return drawn(image);
}

TEST(PixelText, LettersStandOnOneLineWithAGapBetweenThem) {
  EXPECT_EQ(written("Lp4"), (std::vector<std::string>{"#..............#.",  //
                                                      "#.............##.",  //
                                                      "#.....####...#.#.",  //
                                                      "#.....#...#.#..#.",  //
                                                      "#.....#...#.#####",  //
                                                      "#.....#...#....#.",  //
                                                      "#####.####.....#.",  //
                                                      "......#..........",  //
                                                      "......#.........."}));
}

TEST(PixelText, NoTwoLettersLookAlikeAndOnlyTheSpaceIsEmpty) {
  std::set<std::vector<std::string>> seen;
  const auto empty = written(" ");
  for (char letter = ' '; letter <= '~'; ++letter) {
    SCOPED_TRACE(letter);
    EXPECT_EQ(written(std::string(1, letter)) == empty, letter == ' ');
    EXPECT_TRUE(seen.insert(written(std::string(1, letter))).second);
  }
}

TEST(PixelText, AZoomedTextIsThePictureOfTheTextZoomed) {
  auto small = white(text_width("step 20"), text_height());
  auto large = white(text_width("step 20", 3), text_height(3));
  write_text(small, 0, 0, "step 20");
  write_text(large, 0, 0, "step 20", 3);
  EXPECT_EQ(large.pixels, zoomed(small, 3).pixels);
  EXPECT_EQ(text_width("step 20", 3), 3 * text_width("step 20"));
}

TEST(PixelText, WhatLiesOutsideIsCut) {
  auto whole = white(30, 20), part = white(10, 6);
  write_text(whole, 5, 5, "Wg", 2);
  write_text(part, 5 - 8, 5 - 9, "Wg", 2);  // the part from column 8 and row 9 on
  for (std::int64_t row = 0; row < part.height; ++row)
    EXPECT_EQ(drawn(part)[static_cast<std::size_t>(row)],
              drawn(whole)[static_cast<std::size_t>(row + 9)].substr(8, 10));
  auto untouched = white(10, 6);
  write_text(untouched, 100, 100, "W");
  write_text(untouched, -100, -100, "W");
  EXPECT_EQ(untouched.pixels, white(10, 6).pixels);
}

TEST(PixelText, AColouredPictureTakesTheGreyInAllItsChannels) {
  auto grey = white(12, 9), colour = white(12, 9, 3);
  write_text(grey, 1, 0, "k", 1, 90);
  write_text(colour, 1, 0, "k", 1, 90);
  EXPECT_EQ(colour.pixels, with_channels(grey, 3).pixels);
  EXPECT_EQ(std::count(grey.pixels.begin(), grey.pixels.end(), 90), 12);
}

TEST(PixelText, ALetterOfAnotherScriptIsOneBox) {
  EXPECT_EQ(text_width("\u00e9\u4e2d"), text_width("ab"));
  EXPECT_EQ(written("\u4e2d").front(), "#####");
  for (const auto* letter : {"\u0416", "\U0001F525", "\t", "\xc3", "\xff"})
    EXPECT_EQ(written(letter), written("\u4e2d"));
}

TEST(PixelText, AccentsAreLeftAway) {
  EXPECT_EQ(written("K\u00f6ln \u00d7 \u00c9t\u00e9 \u00ff\u00c0"), written("Koln x Ete yA"));
}

TEST(PixelText, ATextIsCutToTheWidthItHas) {
  EXPECT_EQ(text_within("unroll10", text_width("unroll10")), "unroll10");
  EXPECT_EQ(text_within("unroll10", text_width("unroll10") - 1), "unrol..");
  EXPECT_EQ(text_within("caf\u00e9s", text_width("1234")), "ca..");
  EXPECT_EQ(text_within("\u00e9\u00e9\u00e9\u00e9\u00e9", text_width("1234", 2), 2),
            "\u00e9\u00e9..");
  for (std::int64_t width = 0; width < 60; ++width)
    for (const std::int64_t zoom : {1, 2}) {
      SCOPED_TRACE(width);
      const auto fitted = text_within("unroll10", width, zoom);
      EXPECT_LE(text_width(fitted, zoom), width);
      EXPECT_GT(text_width(fitted + "x", zoom), std::min(width, text_width("unroll10", zoom)));
    }
}

}  // namespace
}  // namespace kiln
