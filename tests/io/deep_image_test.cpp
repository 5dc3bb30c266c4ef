// needs: base
#include "kiln/io/deep_image.h"

#include <gtest/gtest.h>

#include <span>

#include "kiln/io/atomic_file.h"
#include "kiln/io/image.h"
#include "tests/io/png_builder.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

DeepImage ramp(std::int64_t channels) {
  DeepImage image{.width = 5, .height = 3, .channels = channels};
  for (std::int64_t i = 0; i < 15 * channels; ++i)
    image.samples.push_back(static_cast<std::uint16_t>(65535 - 1111 * i));
  return image;
}

TEST(DeepImage, EverySampleComesBack) {
  const TemporaryFolder folder;
  for (const std::int64_t channels : {1, 3}) {
    const auto image = ramp(channels);
    write_png(folder / "deep.png", image, {{"seed", "7"}});
    const auto read = read_deep_png(folder / "deep.png");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->width, 5);
    EXPECT_EQ(read->height, 3);
    EXPECT_EQ(read->channels, channels);
    EXPECT_EQ(read->samples, image.samples);
    EXPECT_EQ(read_png_text(folder / "deep.png").at("seed"), "7");
    const auto shallow = read_image(folder / "deep.png");
    EXPECT_EQ(shallow.pixels[1], static_cast<std::uint8_t>((image.samples[1] * 255 + 32895) >> 16));
  }
}

// Grey and colour, with and without alpha, interlaced or not: each sample times its alpha.
TEST(DeepImage, EveryColourTypeIsReadRight) {
  const TemporaryFolder folder;
  const auto sample = [](std::uint32_t x, std::uint32_t y, int c) {
    return (x * 9001 + y * 523 + static_cast<std::uint32_t>(c) * 17011) & 0xffff;
  };
  for (const int type : {0, 2, 4, 6})
    for (const bool interlaced : {false, true}) {
      PngBuilder png{.width = 13,
                     .height = 9,
                     .depth = 16,
                     .colour_type = type,
                     .interlaced = interlaced,
                     .palette = {},
                     .transparency = {},
                     .sample = sample};
      write_file_atomically(folder / "x.png", png.build());
      const auto image = read_deep_png(folder / "x.png");
      ASSERT_TRUE(image);
      const bool alpha = type >= 4;
      const int colours = png.channels() - int{alpha};
      ASSERT_EQ(image->channels, colours);
      ASSERT_EQ(image->samples.size(), 13u * 9u * static_cast<unsigned>(colours));
      std::size_t at = 0;
      for (std::uint32_t y = 0; y < 9; ++y)
        for (std::uint32_t x = 0; x < 13; ++x)
          for (int c = 0; c < colours; ++c) {
            const double over = alpha ? sample(x, y, colours) / 65535. : 1;
            EXPECT_NEAR(image->samples[at++], sample(x, y, c) * over, .5);
          }
    }
}

TEST(DeepImage, OtherPicturesAreNone) {
  const TemporaryFolder folder;
  write_png(folder / "flat.png", Image{.width = 1, .height = 1, .pixels = {3}});
  EXPECT_FALSE(read_deep_png(folder / "flat.png"));
  write_file_atomically(folder / "text.png", std::string("no picture"));
  EXPECT_FALSE(read_deep_png(folder / "text.png"));
  EXPECT_THROW(read_deep_png(folder / "missing.png"), IoError);
}

TEST(DeepImage, DamagedFilesAndPicturesAreRefused) {
  const TemporaryFolder folder;
  write_png(folder / "deep.png", ramp(3));
  const auto bytes = read_file(folder / "deep.png", 1 << 20);
  write_file_atomically(folder / "cut.png", std::span(bytes).first(bytes.size() - 20));
  EXPECT_THROW(read_deep_png(folder / "cut.png"), IoError);
  auto short_of = ramp(1);
  short_of.samples.pop_back();
  EXPECT_THROW(write_png(folder / "x.png", short_of), ShapeError);
}

}  // namespace
}  // namespace kiln
