// needs: base
#include "kiln/io/image_grid.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kiln/core/error.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

using Bytes = std::vector<std::uint8_t>;

Image plain(std::int64_t width, std::int64_t height, std::uint8_t level) {
  return {.width = width,
          .height = height,
          .channels = 1,
          .pixels = Bytes(static_cast<std::size_t>(width * height), level)};
}

TEST(ImageGrid, EveryPictureStandsInItsCell) {
  const std::vector<Image> images{plain(2, 1, 10), plain(2, 1, 20), plain(2, 1, 30)};
  const auto grid = make_grid(images, {.columns = 2, .padding = 1, .zoom = 1});
  const std::uint8_t s = 150;
  EXPECT_EQ(grid.width, 7);
  EXPECT_EQ(grid.height, 5);
  EXPECT_EQ(grid.pixels, (Bytes{s, s,  s,  s, s,  s,  s,  //
                                s, 10, 10, s, 20, 20, s,  //
                                s, s,  s,  s, s,  s,  s,  //
                                s, 30, 30, s, s,  s,  s,  //
                                s, s,  s,  s, s,  s,  s}));
}

TEST(ImageGrid, SmallPicturesAreZoomedUntilTheyAreSeen) {
  const auto side = [](std::int64_t size) {
    return make_grid({plain(size, size, 0)}, {.columns = 1, .padding = 0, .zoom = 0}).width;
  };
  EXPECT_EQ(side(28), 56);
  EXPECT_EQ(side(32), 64);
  EXPECT_EQ(side(8), 56);
  EXPECT_EQ(side(64), 64);
  EXPECT_EQ(side(300), 300);
}

TEST(ImageGrid, WithoutColumnsItIsAboutSquare) {
  const std::vector<Image> ten(10, plain(1, 1, 0));
  const auto grid = make_grid(ten, {.columns = 0, .padding = 0, .zoom = 1});
  EXPECT_EQ(grid.width, 4);
  EXPECT_EQ(grid.height, 3);
}

TEST(ImageGrid, AZoomedPixelIsASquare) {
  const Image image{.width = 2, .height = 1, .channels = 3, .pixels = {1, 2, 3, 4, 5, 6}};
  EXPECT_EQ(zoomed(image, 2).pixels, (Bytes{1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6,  //
                                            1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6}));
  EXPECT_THROW(zoomed(image, 0), ConfigError);
}

TEST(ImageGrid, GreyBesideColourTurnsToColour) {
  const Image red{.width = 1, .height = 1, .channels = 3, .pixels = {200, 0, 0}};
  const auto grid = make_grid({plain(1, 1, 9), red}, {.columns = 2, .padding = 0, .zoom = 1});
  EXPECT_EQ(grid.channels, 3);
  EXPECT_EQ(grid.pixels, (Bytes{9, 9, 9, 200, 0, 0}));
}

TEST(ImageGrid, WrongCallsAreRefused) {
  EXPECT_EQ(message_of<ShapeError>([] { make_grid({}); }),
            "[image.grid] there is no picture to show");
  EXPECT_EQ(message_of<ShapeError>([] {
              make_grid({plain(2, 2, 0), plain(2, 3, 0)});
            }),
            "[image.grid] pictures must have one size, got 2 x 2 and 2 x 3; resize them first");
  EXPECT_THROW(make_grid({plain(2, 2, 0)}, {.columns = 1, .padding = -1, .zoom = 1}), ConfigError);
  EXPECT_THROW(make_grid(std::vector<Image>(300, plain(100, 100, 0)),
                         {.columns = 0, .padding = 0, .zoom = 100}),
               ConfigError);
}

TEST(PlanarFloats, LevelsRunFromLowToHighAndAreClamped) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = HUGE_VALF;
  const std::vector<float> x{-1, 0, 1, -7, 7, nan, inf, -inf};
  EXPECT_EQ(from_planar_floats(x, 1, 2, 4, -1, 1).pixels, (Bytes{0, 128, 255, 0, 255, 0, 255, 0}));
}

TEST(PlanarFloats, PlanesBecomeChannels) {
  const std::vector<float> chw{0, 1, 0.2f, 0.4f, 0.6f, 0.8f};
  const auto image = from_planar_floats(chw, 3, 1, 2, 0, 1);
  EXPECT_EQ(image.pixels, (Bytes{0, 51, 153, 255, 102, 204}));
}

TEST(PlanarFloats, WrongShapesAreRefused) {
  const std::vector<float> x(8);
  EXPECT_EQ(message_of<ShapeError>([&] { from_planar_floats(x, 2, 2, 2, 0, 1); }),
            "[image] a picture must be [1 or 3, H, W], got 8 numbers for [2, 2, 2]");
  EXPECT_THROW(from_planar_floats(x, 1, 3, 3, 0, 1), ShapeError);
  EXPECT_THROW(from_planar_floats(x, 1, 2, 4, 1, 1), ConfigError);
}

}  // namespace
}  // namespace kiln
