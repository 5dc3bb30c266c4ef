// needs: base
#include "kiln/io/webp_film.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kiln/core/error.h"
#include "kiln/core/philox.h"
#include "tests/io/played_film.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

using Bytes = std::vector<std::uint8_t>;

Image noise(std::int64_t width, std::int64_t height, std::int64_t channels, std::uint64_t key) {
  Image image{.width = width, .height = height, .channels = channels};
  Philox rng(key);
  for (std::int64_t i = 0; i < width * height * channels; ++i)
    image.pixels.push_back(static_cast<std::uint8_t>(rng.below(256)));
  return image;
}

Bytes film_of(const std::vector<Image>& frames, const WebpFilmOptions& options = {}) {
  WebpFilm film(options);
  for (const auto& frame : frames) film.add(frame);
  return film.finish();
}

TEST(WebpFilm, WithoutAQualityEveryPixelOfEveryFrameComesBack) {
  std::vector<Image> frames;
  for (std::uint64_t key = 0; key < 25; ++key) frames.push_back(noise(23, 11, 3, key));
  const auto played = play(film_of(frames));
  ASSERT_EQ(played.frames.size(), 25u);
  for (std::size_t i = 0; i < 25; ++i) {
    EXPECT_EQ(played.frames[i].width, 23);
    EXPECT_EQ(played.frames[i].height, 11);
    EXPECT_EQ(played.frames[i].pixels, frames[i].pixels) << i;
  }
  EXPECT_TRUE(played.opaque);
}

TEST(WebpFilm, FramesBeginAtTheirTimesAndTheLastOneStays) {
  const std::vector<Image> frames{noise(8, 8, 3, 1), noise(8, 8, 3, 2), noise(8, 8, 3, 3)};
  EXPECT_EQ(play(film_of(frames)).ends, (std::vector<int>{200, 400, 2400}));
  EXPECT_EQ(play(film_of(frames, {.frames_per_second = 3, .hold = 0.25, .quality = {}})).ends,
            (std::vector<int>{333, 667, 917}));
}

TEST(WebpFilm, BeginsAgainWithoutEnd) {
  EXPECT_EQ(play(film_of({noise(8, 8, 3, 1), noise(8, 8, 3, 2)})).loops, 0u);
}

TEST(WebpFilm, PartsThatDoNotChangeStay) {
  auto first = noise(40, 30, 3, 1), second = first;
  second.pixels[3 * (40 * 17 + 9)] ^= 255;
  const auto bytes = film_of({first, second, first});
  const auto played = play(bytes);
  ASSERT_EQ(played.frames.size(), 3u);
  EXPECT_EQ(played.frames[1].pixels, second.pixels);
  EXPECT_EQ(played.frames[2].pixels, first.pixels);
  EXPECT_LT(bytes.size(), first.pixels.size() * 3 / 2);  // one whole frame of noise and two bits
}

TEST(WebpFilm, EqualNeighboursBecomeOneLongerFrame) {
  const auto a = noise(8, 8, 3, 1), b = noise(8, 8, 3, 2);
  const auto played = play(film_of({a, a, b}));
  ASSERT_EQ(played.frames.size(), 2u);
  EXPECT_EQ(played.ends, (std::vector<int>{400, 2400}));
}

TEST(WebpFilm, GreyFramesAreShownInGreys) {
  const auto a = noise(9, 7, 1, 1);
  const auto played = play(film_of({a, noise(9, 7, 1, 2)}));
  EXPECT_EQ(played.frames[0].pixels, with_channels(a, 3).pixels);
}

// Smooth waves, as JPEG and its kin were made for.
Image waves(double phase) {
  Image image{.width = 64, .height = 64, .channels = 3};
  for (int y = 0; y < 64; ++y)
    for (int x = 0; x < 64; ++x)
      for (int c = 0; c < 3; ++c)
        image.pixels.push_back(static_cast<std::uint8_t>(
            std::lround(127 + 100 * std::sin(phase + 0.1 * x + 0.07 * y))));
  return image;
}

double mean_error(const Image& a, const Image& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(a.pixels[i] - b.pixels[i]);
  return sum / static_cast<double>(a.pixels.size());
}

TEST(WebpFilm, ALowerQualityMakesASmallerFilmThatIsLessExact) {
  const std::vector<Image> frames{waves(0), waves(1), waves(2)};
  const auto film = [&](std::optional<double> quality) {
    return film_of(frames, {.frames_per_second = 5, .hold = 1, .quality = quality});
  };
  const auto exact = film({}), good = film(90), poor = film(10);
  EXPECT_LT(good.size(), exact.size());
  EXPECT_LT(poor.size(), good.size());
  const auto error = [&](const Bytes& bytes) {
    return mean_error(play(bytes).frames[1], frames[1]);
  };
  EXPECT_EQ(error(exact), 0);
  EXPECT_GT(error(good), 0);
  EXPECT_LT(error(good), 3);
  EXPECT_GT(error(poor), error(good));
}

TEST(WebpFilm, EqualFramesAndOptionsGiveEqualBytes) {
  const std::vector<Image> frames{waves(0), waves(1)};
  EXPECT_EQ(film_of(frames), film_of(frames));
}

TEST(WebpFilm, WrongCallsAreRefused) {
  const auto refusal = [](const WebpFilmOptions& options) {
    return message_of<ConfigError>([&] { WebpFilm film(options); });
  };
  EXPECT_EQ(refusal({.frames_per_second = 0, .hold = 1, .quality = {}}),
            "[webp.film] frames_per_second must be between 0.1 and 100, got 0");
  EXPECT_EQ(refusal({.frames_per_second = 5, .hold = 0, .quality = {}}),
            "[webp.film] hold must be between 0.001 and 3600, got 0");
  EXPECT_EQ(refusal({.frames_per_second = 5, .hold = 1, .quality = 101}),
            "[webp.film] quality must be between 0 and 100, got 101");
  EXPECT_EQ(message_of<ConfigError>([] { film_of({}); }),
            "[webp.film] needs two frames at least, got 0");
  EXPECT_EQ(message_of<ConfigError>([] { film_of({noise(8, 8, 3, 1)}); }),
            "[webp.film] needs two frames at least, got 1");
  EXPECT_EQ(message_of<ShapeError>([] {
              film_of({noise(8, 8, 3, 1), noise(8, 9, 3, 1)});
            }),
            "[webp.film] frames must have one size, got 8 x 9 after 8 x 8");
  EXPECT_EQ(message_of<ShapeError>([] { film_of({noise(16384, 1, 1, 1)}); }),
            "[webp.film] a film is 1 to 16383 pixels wide and high, got 16384 x 1");
  EXPECT_EQ(message_of<ShapeError>(
                [] { film_of({{.width = 2, .height = 2, .channels = 3, .pixels = Bytes(11)}}); }),
            "[webp.film] 11 numbers are no frame of 2 x 2 pixels in 3 channels");
}

}  // namespace
}  // namespace kiln
