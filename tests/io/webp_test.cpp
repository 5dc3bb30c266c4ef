// needs: base
#include <gtest/gtest.h>
#include <webp/encode.h>

#include "kiln/core/error.h"
#include "kiln/core/philox.h"
#include "kiln/io/image.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes noise(std::size_t size) {
  Bytes bytes(size);
  Philox rng(4);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(rng.below(256));
  return bytes;
}

Bytes lossless(const Bytes& pixels, int width, int height, bool alpha) {
  std::uint8_t* out = nullptr;
  const auto encode = alpha ? WebPEncodeLosslessRGBA : WebPEncodeLosslessRGB;
  const std::size_t size = encode(pixels.data(), width, height, width * (alpha ? 4 : 3), &out);
  const Bytes bytes(out, out + size);
  WebPFree(out);
  return bytes;
}

TEST(Webp, LosslessFilesAreReadExactly) {
  const auto pixels = noise(21 * 11 * 3);
  const auto bytes = lossless(pixels, 21, 11, false);
  const auto image = decode_image("x", bytes);
  EXPECT_EQ(image.width, 21);
  EXPECT_EQ(image.height, 11);
  EXPECT_EQ(image.channels, 3);
  EXPECT_EQ(image.pixels, pixels);
  const auto header = decode_image_header("x", std::span(bytes).first(64));
  EXPECT_EQ(header.width, 21);
  EXPECT_TRUE(header.pixels.empty());
}

TEST(Webp, AlphaIsLaidOverBlack) {
  const Bytes pixels{200, 100, 50, 255, 200, 100, 50, 128, 200, 100, 50, 1};
  const auto image = decode_image("x", lossless(pixels, 3, 1, true));
  EXPECT_EQ(image.pixels, (Bytes{200, 100, 50, 100, 50, 25, 1, 0, 0}));
}

TEST(Webp, EveryTruncationIsRefused) {
  const auto good = lossless(noise(21 * 11 * 3), 21, 11, false);
  for (std::size_t size = 0; size + 1 < good.size(); ++size)  // the last byte is padding
    EXPECT_THROW(decode_image("x", std::span(good).first(size)), IoError) << size;
  EXPECT_EQ(message_of<IoError>([&] { decode_image("x", std::span(good).first(100)); }),
            "[webp] 'x' is cut short or damaged");
}

TEST(Webp, AnimationsAreRefused) {
  // RIFF, then a VP8X chunk with the animation flag for a canvas of 8 x 8.
  const std::string file("RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x07\0\0\x07\0\0", 30);
  EXPECT_EQ(message_of<IoError>([&] { decode_image("x", Bytes(file.begin(), file.end())); }),
            "[webp] 'x' is an animation; save one frame of it");
}

}  // namespace
}  // namespace kiln
