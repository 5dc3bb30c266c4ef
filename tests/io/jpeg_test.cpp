// needs: base
#include <gtest/gtest.h>
#include <stdio.h>

#include <jpeglib.h>

#include <cstdlib>

#include "kiln/core/error.h"
#include "kiln/io/image.h"
#include "tests/io/temp_folder.h"

namespace kiln {
namespace {

using Bytes = std::vector<std::uint8_t>;

struct JpegOptions {
  J_COLOR_SPACE space = JCS_RGB;
  bool progressive = false;
  bool scan_per_channel = false;
};

// Rows of smooth ramps, which JPEG keeps within a few levels.
Bytes ramps(unsigned width, unsigned height, unsigned channels) {
  Bytes pixels;
  for (unsigned y = 0; y < height; ++y)
    for (unsigned x = 0; x < width; ++x)
      for (unsigned c = 0; c < channels; ++c)
        pixels.push_back(static_cast<std::uint8_t>(c == 0 ? 5 * x : c == 1 ? 7 * y : 40 * c));
  return pixels;
}

Bytes encode(unsigned width, unsigned height, unsigned channels, const Bytes& pixels,
             const JpegOptions& options) {
  jpeg_compress_struct info;
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &buffer, &size);
  info.image_width = width, info.image_height = height;
  info.input_components = static_cast<int>(channels), info.in_color_space = options.space;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 97, TRUE);
  for (int c = 0; c < info.num_components; ++c)
    info.comp_info[c].h_samp_factor = info.comp_info[c].v_samp_factor = 1;
  if (options.progressive) jpeg_simple_progression(&info);
  const jpeg_scan_info scans[] = {
      {1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}};
  if (options.scan_per_channel) info.scan_info = scans, info.num_scans = 3;
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < height) {
    auto* row =
        const_cast<std::uint8_t*>(&pixels[std::size_t{info.next_scanline} * width * channels]);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  const Bytes bytes(buffer, buffer + size);
  std::free(buffer);
  return bytes;
}

void expect_near(const Bytes& a, const Bytes& b, double levels) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], levels) << i;
}

TEST(Jpeg, GreyAndColourAreReadWithinRounding) {
  for (const bool progressive : {false, true}) {
    const auto grey = decode_image(
        "x",
        encode(40, 30, 1, ramps(40, 30, 1), {.space = JCS_GRAYSCALE, .progressive = progressive}));
    EXPECT_EQ(grey.channels, 1);
    expect_near(grey.pixels, ramps(40, 30, 1), 4);
    const auto colour = decode_image(
        "x", encode(40, 30, 3, ramps(40, 30, 3), {.space = JCS_RGB, .progressive = progressive}));
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
  const auto image = decode_image("x", encode(8, 8, 4, pixels, {.space = JCS_CMYK}));
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
  const auto bytes = encode(40, 30, 3, ramps(40, 30, 3), {});
  const auto header = decode_image_header("x", std::span(bytes).first(last_scan(bytes) + 14));
  EXPECT_EQ(header.width, 40);
  EXPECT_EQ(header.height, 30);
  EXPECT_EQ(header.channels, 3);
  EXPECT_TRUE(header.pixels.empty());
}

TEST(Jpeg, EveryTruncationIsRefused) {
  for (const bool progressive : {false, true}) {
    const auto good =
        encode(40, 30, 3, ramps(40, 30, 3), {.space = JCS_RGB, .progressive = progressive});
    for (std::size_t size = 0; size < good.size(); ++size)
      EXPECT_THROW(decode_image("x", std::span(good).first(size)), IoError) << size;
  }
  EXPECT_EQ(message_of<IoError>([] {
              decode_image("x", Bytes{0xff, 0xd8, 0xff, 0xe0});
            }),
            "[jpeg] 'x' is cut short or damaged (Premature end of JPEG file)");
}

TEST(Jpeg, AScanRepeatedToWasteTimeIsRefused) {
  auto bytes = encode(8, 8, 3, ramps(8, 8, 3), {.scan_per_channel = true});
  EXPECT_NO_THROW(decode_image("x", bytes));
  const Bytes last(bytes.begin() + static_cast<std::ptrdiff_t>(last_scan(bytes)), bytes.end() - 2);
  for (int i = 0; i < 300; ++i) bytes.insert(bytes.end() - 2, last.begin(), last.end());
  EXPECT_EQ(message_of<IoError>([&] { decode_image("x", bytes); }),
            "[jpeg] 'x' is cut short or damaged (more than 200 scans)");
}

}  // namespace
}  // namespace kiln
