// needs: base
#include "kiln/io/image.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "kiln/core/error.h"
#include "kiln/core/philox.h"
#include "kiln/io/atomic_file.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

using Bytes = std::vector<std::uint8_t>;

Image grey(std::int64_t width, std::int64_t height, const Bytes& pixels) {
  return {.width = width, .height = height, .channels = 1, .pixels = pixels};
}

Image noise(std::int64_t width, std::int64_t height, std::int64_t channels) {
  Image image{.width = width,
              .height = height,
              .channels = channels,
              .pixels = Bytes(static_cast<std::size_t>(width * height * channels))};
  Philox rng(2);
  for (auto& pixel : image.pixels) pixel = static_cast<std::uint8_t>(rng.below(256));
  return image;
}

TEST(Image, FilesThatAreNoPicturesAreRefusedByName) {
  const TemporaryFolder folder;
  const auto path = folder / "a.png";
  const auto refusal = [&](std::string_view text) {
    write_file_atomically(path, text);
    return message_of<IoError>([&] { read_image(path); });
  };
  EXPECT_EQ(refusal(""), "[image] '" + path.string() + "' is empty");
  for (const auto* text : {"hello", "P1 1 1 0", "P", "RIFF....WAVE"})
    EXPECT_EQ(refusal(text),
              "[image] '" + path.string() + "' is not a PNG, JPEG, WebP, PGM or PPM picture");
  EXPECT_EQ(
      message_of<IoError>([&] { read_image_header(folder / "missing"); }),
      "[io.read] cannot read '" + (folder / "missing").string() + "': No such file or directory");
}

TEST(Image, TheFormatIsToldByTheFirstBytesNotByTheName) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "a.jpg", std::string_view("P2 1 1 255 9"));
  EXPECT_EQ(read_image(folder / "a.jpg").pixels, Bytes{9});
}

TEST(Image, AHeaderBehindALongCommentIsFound) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "a.pgm", "P5 #" + std::string(10000, 'c') + "\n3 1 255\nabc");
  EXPECT_EQ(read_image_header(folder / "a.pgm").width, 3);
}

TEST(Image, LumaIsThatOfBt601) {
  const Image colours{.width = 5,
                      .height = 1,
                      .channels = 3,
                      .pixels = {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 10, 200, 77}};
  const auto luma = with_channels(colours, 1);
  ASSERT_EQ(luma.pixels.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i)
    EXPECT_NEAR(luma.pixels[i],
                0.299 * colours.pixels[3 * i] + 0.587 * colours.pixels[3 * i + 1] +
                    0.114 * colours.pixels[3 * i + 2],
                0.51);
  EXPECT_EQ(luma.pixels[3], 255);
  EXPECT_EQ(with_channels(with_channels(luma, 3), 1).pixels, luma.pixels);
  EXPECT_THROW(with_channels(luma, 4), ConfigError);
}

TEST(Image, TheCentreSquareLeavesEqualMargins) {
  const auto wide = centre_square(grey(5, 2, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(wide.width, 2);
  EXPECT_EQ(wide.height, 2);
  EXPECT_EQ(wide.pixels, (Bytes{1, 2, 6, 7}));
  EXPECT_EQ(centre_square(grey(1, 3, {1, 2, 3})).pixels, Bytes{2});
}

TEST(Resize, ShrinkingAveragesAreas) {
  EXPECT_EQ(resize(grey(2, 2, {0, 100, 200, 100}), 1, 1).pixels, Bytes{100});
  // Of [0, 100, 200] the first 1.5 pixels and the last 1.5.
  EXPECT_EQ(resize(grey(3, 1, {0, 100, 200}), 2, 1).pixels, (Bytes{33, 167}));
  EXPECT_EQ(resize(grey(1, 4, {0, 10, 20, 30}), 1, 2).pixels, (Bytes{5, 25}));
}

TEST(Resize, ShrinkingKeepsTheMean) {
  const auto image = noise(35, 21, 3);
  const auto mean = [](const Image& i) {
    return std::accumulate(i.pixels.begin(), i.pixels.end(), 0.0) / double(i.pixels.size());
  };
  // Rounding adds at most uniform noise of variance 1/12 per pixel.
  EXPECT_NEAR(mean(resize(image, 10, 6)), mean(image), 5 * std::sqrt(1.0 / 12 / 180));
}

TEST(Resize, GrowingIsLinearBetweenCentres) {
  // Centres of the result lie at -0.25, 0.25, 0.75 and 1.25 of the source; the ends are clamped.
  EXPECT_EQ(resize(grey(2, 1, {0, 100}), 4, 1).pixels, (Bytes{0, 25, 75, 100}));
  EXPECT_EQ(resize(grey(1, 2, {0, 100}), 1, 4).pixels, (Bytes{0, 25, 75, 100}));
  EXPECT_EQ(resize(grey(1, 1, {77}), 3, 2).pixels, Bytes(6, 77));
}

TEST(Resize, EachSideGoesItsOwnWay) {
  const auto image = resize(grey(4, 1, {0, 20, 40, 60}), 2, 3);
  EXPECT_EQ(image.pixels, (Bytes{10, 50, 10, 50, 10, 50}));
}

TEST(Resize, ChannelsStayApart) {
  const Image image{.width = 2, .height = 1, .channels = 3, .pixels = {0, 50, 100, 100, 150, 200}};
  EXPECT_EQ(resize(image, 1, 1).pixels, (Bytes{50, 100, 150}));
}

TEST(Resize, TheSameSizeChangesNothing) {
  const auto image = noise(7, 5, 3);
  EXPECT_EQ(resize(image, 7, 5).pixels, image.pixels);
  EXPECT_EQ(message_of<ConfigError>([&] { resize(image, 0, 5); }),
            "[image.resize] the new size must be 1 to 65536 on a side, got 0 x 5");
}

}  // namespace
}  // namespace kiln
