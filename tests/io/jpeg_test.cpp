// needs: base
#include <gtest/gtest.h>

#include <algorithm>

#include "kiln/core/error.h"
#include "kiln/io/exif.h"
#include "kiln/io/image.h"
#include "tests/io/jpeg_builder.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

using Bytes = std::vector<std::uint8_t>;

void expect_near(const Bytes& a, const Bytes& b, double levels) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], levels) << i;
}

TEST(Jpeg, GreyAndColourAreReadWithinRounding) {
  for (const bool progressive : {false, true}) {
    const auto grey =
        decode_image("x", encode_jpeg(40, 30, 1, ramps(40, 30, 1),
                                      {.space = JCS_GRAYSCALE, .progressive = progressive}));
    EXPECT_EQ(grey.channels, 1);
    expect_near(grey.pixels, ramps(40, 30, 1), 4);
    const auto colour = decode_image(
        "x",
        encode_jpeg(40, 30, 3, ramps(40, 30, 3), {.space = JCS_RGB, .progressive = progressive}));
    EXPECT_EQ(colour.channels, 3);
    EXPECT_EQ(colour.width, 40);
    EXPECT_EQ(colour.height, 30);
    expect_near(colour.pixels, ramps(40, 30, 3), 4);
  }
}

// libjpeg writes Adobe's marker for CMYK, so samples are inverted inks: 255 is no ink.
TEST(Jpeg, InksBecomeLight) {
  Bytes pixels;
  for (int i = 0; i < 64; ++i) pixels.insert(pixels.end(), {200, 100, 255, 128});
  const auto image = decode_image("x", encode_jpeg(8, 8, 4, pixels, {.space = JCS_CMYK}));
  ASSERT_EQ(image.channels, 3);
  EXPECT_NEAR(image.pixels[0], 200 * 128 / 255.0, 2);
  EXPECT_NEAR(image.pixels[1], 100 * 128 / 255.0, 2);
  EXPECT_NEAR(image.pixels[2], 128, 2);
}

// Where the last scan of pixels starts.
std::size_t last_scan(const Bytes& bytes) {
  std::size_t at = bytes.size() - 2;
  while (bytes[at] != 0xff || bytes[at + 1] != 0xda) --at;
  return at;
}

TEST(Jpeg, TheHeaderAloneGivesTheSize) {
  const auto bytes = encode_jpeg(40, 30, 3, ramps(40, 30, 3), {});
  const auto header = decode_image_header("x", std::span(bytes).first(last_scan(bytes) + 14));
  EXPECT_EQ(header.width, 40);
  EXPECT_EQ(header.height, 30);
  EXPECT_EQ(header.channels, 3);
  EXPECT_TRUE(header.pixels.empty());
}

// The orientation is read before the rows: libjpeg forgets the markers with the last of them.
TEST(Jpeg, APictureOfATurnedCameraStandsUpright) {
  const auto plain = encode_jpeg(24, 16, 3, ramps(24, 16, 3), {});
  const auto stored = decode_image("x", plain);
  for (std::uint8_t orientation = 1; orientation <= 8; ++orientation) {
    const std::vector<std::uint8_t> exif{
        0xff, 0xe1, 0, 34,   'E', 'x', 'i', 'f', 0, 0, 'M', 'M',         0, 42, 0, 0, 0, 8,
        0,    1,    1, 0x12, 0,   3,   0,   0,   0, 1, 0,   orientation, 0, 0,  0, 0, 0, 0};
    auto bytes = plain;
    bytes.insert(bytes.begin() + 2, exif.begin(), exif.end());
    const auto seen = decode_image("x", bytes), expected = upright(stored, orientation);
    EXPECT_EQ(seen.width, expected.width) << int(orientation);
    EXPECT_TRUE(seen.pixels == expected.pixels) << int(orientation);
    EXPECT_EQ(decode_image_header("x", bytes).width, expected.width) << int(orientation);
  }
}

TEST(Jpeg, EveryTruncationIsRefused) {
  for (const bool progressive : {false, true}) {
    const auto good =
        encode_jpeg(40, 30, 3, ramps(40, 30, 3), {.space = JCS_RGB, .progressive = progressive});
    for (std::size_t size = 0; size < good.size(); ++size)
      EXPECT_THROW(decode_image("x", std::span(good).first(size)), IoError) << size;
  }
  EXPECT_EQ(message_of<IoError>([] {
              decode_image("x", Bytes{0xff, 0xd8, 0xff, 0xe0});
            }),
            "[jpeg] 'x' is cut short or damaged (Premature end of JPEG file)");
}

TEST(Jpeg, AnEvenPictureOfMostPixelsForItsBytesIsRead) {
  for (const bool progressive : {false, true}) {
    const Bytes black(1000 * 1000);
    const JpegOptions options{.space = JCS_GRAYSCALE, .progressive = progressive};
    EXPECT_EQ(decode_image("x", encode_jpeg(1000, 1000, 1, black, options)).pixels, black);
  }
}

TEST(Jpeg, ASizeThatLiesIsRefusedBeforeAnythingIsAllocated) {
  auto bytes = encode_jpeg(8, 8, 1, ramps(8, 8, 1), {.space = JCS_GRAYSCALE});
  const Bytes frame{0xff, 0xc0, 0, 11, 8, 0, 8, 0, 8};  // start of frame: 8 bits, 8 rows, 8 columns
  const auto at = std::search(bytes.begin(), bytes.end(), frame.begin(), frame.end());
  ASSERT_NE(at, bytes.end());
  at[5] = 10, at[7] = 10;  // 2568 each
  EXPECT_EQ(message_of<IoError>([&] { decode_image("x", bytes); }),
            "[jpeg] 'x' is cut short: too few bytes for its size");
  at[5] = 255, at[7] = 255;
  EXPECT_EQ(message_of<IoError>([&] { decode_image("x", bytes); }),
            "[jpeg] 'x' has 65288 x 65288 pixels; at most 65536 on a side and 134217728 in all are "
            "read");
}

TEST(Jpeg, ArithmeticCodingIsRefused) {
  const auto bytes =
      encode_jpeg(8, 8, 1, ramps(8, 8, 1), {.space = JCS_GRAYSCALE, .arithmetic = true});
  EXPECT_EQ(message_of<IoError>([&] { decode_image("x", bytes); }),
            "[jpeg] 'x' has arithmetic coding; save it without");
}

TEST(Jpeg, AScanRepeatedToWasteTimeIsRefused) {
  auto bytes = encode_jpeg(8, 8, 3, ramps(8, 8, 3), {.scan_per_channel = true});
  EXPECT_NO_THROW(decode_image("x", bytes));
  const Bytes last(bytes.begin() + static_cast<std::ptrdiff_t>(last_scan(bytes)), bytes.end() - 2);
  for (int i = 0; i < 300; ++i) bytes.insert(bytes.end() - 2, last.begin(), last.end());
  EXPECT_EQ(message_of<IoError>([&] { decode_image("x", bytes); }),
            "[jpeg] 'x' is cut short or damaged (more than 200 scans)");
}

}  // namespace
}  // namespace kiln
