// needs: base
#include <gtest/gtest.h>

#include <algorithm>

#include "kiln/core/error.h"
#include "kiln/core/philox.h"
#include "kiln/io/atomic_file.h"
#include "kiln/io/image.h"
#include "tests/io/png_builder.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

using Bytes = std::vector<std::uint8_t>;

// A sample of any depth that differs from pixel to pixel and reaches both ends.
unsigned pattern(std::uint32_t x, std::uint32_t y, int channel, int depth) {
  const unsigned top = (1u << depth) - 1;
  if (x == 0 && y == 0) return top;
  const auto hash =
      Philox::block(derive_key(5, "pattern", x), y * 4 + static_cast<unsigned>(channel));
  return hash[0] & top;
}

std::uint8_t scaled(unsigned sample, int depth) {
  const double top = (1u << depth) - 1;
  return static_cast<std::uint8_t>(std::lround(sample * 255 / top));
}

// Reads a made file and compares every pixel with the 8-bit value of colour * alpha.
void expect_read_right(int colour_type, int depth, bool interlaced) {
  PngBuilder png{.width = 13,
                 .height = 9,
                 .depth = depth,
                 .colour_type = colour_type,
                 .interlaced = interlaced,
                 .palette = {},
                 .transparency = {},
                 .sample = [&](auto x, auto y, int c) { return pattern(x, y, c, depth); }};
  const bool alpha = colour_type == 4 || colour_type == 6;
  const int colours = png.channels() - int{alpha};
  const Image image = decode_image("x", png.build());
  ASSERT_EQ(image.width, 13);
  ASSERT_EQ(image.height, 9);
  ASSERT_EQ(image.channels, colours);
  ASSERT_EQ(image.pixels.size(), 13u * 9u * static_cast<unsigned>(colours));
  std::size_t at = 0;
  for (std::uint32_t y = 0; y < 9; ++y)
    for (std::uint32_t x = 0; x < 13; ++x) {
      const double over = alpha ? scaled(pattern(x, y, colours, depth), depth) / 255.0 : 1.0;
      for (int c = 0; c < colours; ++c)
        EXPECT_NEAR(image.pixels[at++], scaled(pattern(x, y, c, depth), depth) * over, 0.5)
            << "type " << colour_type << " depth " << depth << " at " << x << ", " << y;
    }
}

TEST(Png, EveryColourTypeAndDepthIsReadRight) {
  for (const bool interlaced : {false, true}) {
    for (const int depth : {1, 2, 4, 8, 16}) expect_read_right(0, depth, interlaced);
    for (const int type : {2, 4, 6})
      for (const int depth : {8, 16}) expect_read_right(type, depth, interlaced);
  }
}

TEST(Png, PalettesAreLookedUpAndTheirAlphaIsLaidOverBlack) {
  for (const int depth : {1, 2, 4, 8})
    for (const bool interlaced : {false, true}) {
      const std::string palette("\x0a\x14\x1e\xff\x80\x01", 6);  // (10,20,30), (255,128,1)
      const PngBuilder png{.width = 5,
                           .height = 3,
                           .depth = depth,
                           .colour_type = 3,
                           .interlaced = interlaced,
                           .palette = palette,
                           .transparency = std::string("\xff\x80", 2),
                           .sample = [](auto x, auto y, int) { return (x + y) % 2; }};
      const Image image = decode_image("x", png.build());
      ASSERT_EQ(image.channels, 3);
      EXPECT_EQ(Bytes(image.pixels.begin(), image.pixels.begin() + 6),
                (Bytes{10, 20, 30, 128, 64, 1}));
    }
}

TEST(Png, TheTransparentGreyBecomesBlack) {
  const PngBuilder png{.width = 4,
                       .height = 1,
                       .depth = 8,
                       .colour_type = 0,
                       .interlaced = false,
                       .palette = {},
                       .transparency = std::string("\0\x02", 2),
                       .sample = [](auto x, auto, int) { return x + 1; }};
  EXPECT_EQ(decode_image("x", png.build()).pixels, (Bytes{1, 0, 3, 4}));
}

Image example(std::int64_t channels) {
  Image image{.width = 31, .height = 17, .channels = channels, .pixels = Bytes(31 * 17 * channels)};
  Philox rng(9);
  for (auto& pixel : image.pixels) pixel = static_cast<std::uint8_t>(rng.below(256));
  return image;
}

TEST(Png, WhatIsWrittenIsRead) {
  const TemporaryFolder folder;
  for (const std::int64_t channels : {1, 3}) {
    const Image before = example(channels);
    write_png(folder / "a.png", before);
    const Image after = read_image(folder / "a.png");
    EXPECT_EQ(after.pixels, before.pixels);
    const Image header = read_image_header(folder / "a.png");
    EXPECT_EQ(header.width, 31);
    EXPECT_EQ(header.height, 17);
    EXPECT_EQ(header.channels, channels);
    EXPECT_TRUE(header.pixels.empty());
    EXPECT_EQ(encode_png(before), encode_png(after)) << "equal images give equal bytes";
  }
}

TEST(Png, TextsComeBack) {
  const TemporaryFolder folder;
  const std::map<std::string, std::string> texts{
      {"seed", "7"}, {"run", "a long text " + std::string(3000, 'x')}, {"empty", ""}};
  write_png(folder / "a.png", example(1), texts);
  EXPECT_EQ(read_png_text(folder / "a.png"), texts);
  EXPECT_EQ(read_image(folder / "a.png").pixels, example(1).pixels);
}

TEST(Png, EverySingleDamagedByteIsRefused) {
  const Bytes good = encode_png(example(3));
  Philox rng(10);
  for (int i = 0; i < 1000; ++i) {
    Bytes bad = good;
    const auto at = rng.below(bad.size());
    bad[at] = static_cast<std::uint8_t>(bad[at] ^ (1 + rng.below(255)));
    EXPECT_THROW(decode_image("x", bad), IoError) << at;
  }
}

// As libpng has it: a text that is damaged is none of the picture's business.
TEST(Png, ADamagedTextLeavesThePicture) {
  Bytes bytes = encode_png(example(1), {{"seed", "7777"}});
  const std::string text = "7777";
  const auto at = std::search(bytes.begin(), bytes.end(), text.begin(), text.end());
  ASSERT_NE(at, bytes.end());
  *at = '8';
  EXPECT_EQ(decode_image("x", bytes).pixels, example(1).pixels);
}

TEST(Png, EveryTruncationIsRefused) {
  const Bytes good = encode_png(example(1), {{"seed", "7"}});
  for (std::size_t size = 0; size < good.size(); ++size) {
    const std::span<const std::uint8_t> part(good.data(), size);
    EXPECT_THROW(decode_image("x", part), IoError) << size;
    EXPECT_THROW(decode_png_text("x", part), IoError) << size;
  }
}

TEST(Png, SizesThatLieAreRefusedBeforeAnythingIsAllocated) {
  PngBuilder png{.width = 1,
                 .height = 1,
                 .depth = 8,
                 .colour_type = 0,
                 .interlaced = false,
                 .palette = {},
                 .transparency = {},
                 .sample = [](auto, auto, int) { return 0u; }};
  auto refusal = [&](std::uint32_t width, std::uint32_t height) {
    std::string header;
    PngBuilder::put_u32(header, width), PngBuilder::put_u32(header, height);
    header += std::string("\x08\0\0\0\0", 5);
    const std::string chunk = PngBuilder::chunk("IHDR", header);
    Bytes file = png.build();
    std::ranges::copy(chunk, file.begin() + 8);
    return message_of<IoError>([&] { decode_image("x", file); });
  };
  EXPECT_EQ(refusal(30000, 30000),
            "[png] 'x' has 30000 x 30000 pixels; at most 65536 on a side and 134217728 in all are "
            "read");
  EXPECT_EQ(refusal(65537, 1),
            "[png] 'x' has 65537 x 1 pixels; at most 65536 on a side and 134217728 in all are "
            "read");
  EXPECT_EQ(refusal(0, 1), "[png] 'x' has no pixels");
  EXPECT_EQ(refusal(8192, 8192), "[png] 'x' is cut short: too few bytes for its size");
  EXPECT_EQ(refusal(2, 2), "[png] 'x' is cut short or damaged (Not enough image data)");
}

TEST(Png, WrongCallsAreRefused) {
  Image image = example(3);
  image.pixels.pop_back();
  EXPECT_EQ(message_of<ShapeError>([&] { encode_png(image); }),
            "[png] an image of 17 x 31 x 3 cannot hold 1580 bytes");
  EXPECT_THROW(encode_png({}), ShapeError);
  EXPECT_THROW(encode_png({.width = 2, .height = 1, .channels = 2, .pixels = Bytes(4)}),
               ShapeError);
  for (const std::string key : {"", " a", "a ", "a\nb"})
    EXPECT_THROW(encode_png(example(1), {{key, "x"}}), ConfigError) << key;
  EXPECT_THROW(encode_png(example(1), {{std::string(80, 'k'), "x"}}), ConfigError);
  EXPECT_EQ(message_of<ConfigError>([&] {
              encode_png(example(1), {{"k", std::string(1, 0)}});
            }),
            "[png] the text 'k' holds a zero byte");
}

}  // namespace
}  // namespace kiln
