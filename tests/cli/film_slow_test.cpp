// The film of what training drew: its frames, its times, its refusals.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "kiln/io/atomic_file.h"
#include "kiln/io/image_grid.h"
#include "kiln/io/npy.h"
#include "kiln/io/pixel_text.h"
#include "tests/cli/tiny_runs.h"
#include "tests/io/played_film.h"

namespace kiln {
namespace {

// A picture that tells its run and step.
Image picture_at(int run, std::int64_t step, std::int64_t side = 12) {
  Image image{.width = side, .height = side, .channels = run % 2 == 0 ? 1 : 3};
  for (std::int64_t i = 0; i < side * side * image.channels; ++i)
    image.pixels.push_back(static_cast<std::uint8_t>((i * (step + 3) + 50 * run) % 256));
  return image;
}

// The run folder `number` with pictures of these steps, as training would have left it.
std::string run_with(const TemporaryFolder& folder, int number,
                     const std::vector<std::int64_t>& steps, std::int64_t side = 12) {
  const auto run = folder / std::to_string(number);
  std::filesystem::create_directories(run / "samples");
  std::filesystem::copy_file(tiny_run("joint") + "/config.toml", run / "config.toml");
  for (const auto step : steps) {
    const auto digits = std::to_string(step);
    const auto name = "step-" + std::string(8 - digits.size(), '0') + digits + ".png";
    write_png(run / "samples" / name, picture_at(number, step, side));
  }
  return run.string();
}

PlayedFilm played(const std::string& file) { return play(read_file(file)); }

std::string refusal(const std::vector<std::string>& arguments) {
  const auto result = run_kiln(arguments);
  EXPECT_EQ(result.code, 2) << result.out;
  return result.err;
}

TEST(Film, ShowsThePicturesOfOneRunInTheOrderOfTheirSteps) {
  const TemporaryFolder folder;
  const auto run = run_with(folder, 1, {1000, 20, 300});
  const auto object =
      only_object(run_kiln({"film", run, "--fps", "4", "--hold", "1", "--no-words", "--json"}));
  const auto file = run + "/samples/film.webp";
  EXPECT_EQ(object["file"], file);
  EXPECT_EQ(object["steps"], (std::vector<int>{20, 300, 1000}));
  EXPECT_EQ(object["frames"], 3);
  EXPECT_EQ(object["width"], 12);
  EXPECT_EQ(object["bytes"], std::filesystem::file_size(file));
  const auto film = played(file);
  ASSERT_EQ(film.frames.size(), 3u);
  EXPECT_EQ(film.ends, (std::vector<int>{250, 500, 1500}));
  EXPECT_EQ(film.frames[0].pixels, picture_at(1, 20).pixels);
  EXPECT_EQ(film.frames[2].pixels, picture_at(1, 1000).pixels);
}

TEST(Film, LaysRunsSideBySideAtTheStepsThatAllHave) {
  const TemporaryFolder folder;
  const auto a = run_with(folder, 0, {1, 2, 3}), b = run_with(folder, 1, {2, 3, 4});
  const auto out = (folder / "new/film.webp").string();
  const auto result = run_kiln({"film", b, a, "-o", out, "--no-words", "--json"});
  EXPECT_EQ(only_object(result)["steps"], (std::vector<int>{2, 3}));
  EXPECT_EQ(result.err, "left out 1 step of " + b + " that not all runs have\nleft out 1 step of " +
                            a + " that not all runs have\n");
  const auto film = played(out);
  ASSERT_EQ(film.frames.size(), 2u);
  const auto beside =
      make_grid({picture_at(1, 3), picture_at(0, 3)}, {.columns = 2, .padding = 4, .zoom = 1});
  EXPECT_EQ(film.frames[1].width, beside.width);
  EXPECT_EQ(film.frames[1].pixels, beside.pixels);
}

// The part of a picture from column x and row y on.
Image part_of(const Image& image, std::int64_t x, std::int64_t y, std::int64_t width,
              std::int64_t height) {
  Image part{.width = width, .height = height, .channels = image.channels};
  for (std::int64_t row = y; row < y + height; ++row) {
    const auto begin = image.pixels.begin() + (row * image.width + x) * image.channels;
    part.pixels.insert(part.pixels.end(), begin, begin + width * image.channels);
  }
  return part;
}

// The text as it is written in the middle of a white line of the font's dots.
Image line_with(const std::string& text, std::int64_t x, std::int64_t width, std::int64_t zoom) {
  Image line{.width = width, .height = 15 * zoom, .channels = 3};
  line.pixels.assign(static_cast<std::size_t>(3 * width * line.height), 255);
  write_text(line, x, 3 * zoom, text, zoom);
  return line;
}

TEST(Film, TheStepStandsBelowASinglePicture) {
  const TemporaryFolder folder;
  const auto run = run_with(folder, 1, {5, 1000}, 90);
  const auto object = only_object(run_kiln({"film", run, "--json"}));
  EXPECT_EQ(object["height"], 90 + 15);
  const auto film = played(run + "/samples/film.webp");
  ASSERT_EQ(film.frames.size(), 2u);
  EXPECT_EQ(part_of(film.frames[0], 0, 0, 90, 90).pixels, picture_at(1, 5, 90).pixels);
  EXPECT_EQ(part_of(film.frames[0], 0, 90, 90, 15).pixels, line_with("step 5", 3, 90, 1).pixels);
  EXPECT_EQ(part_of(film.frames[1], 0, 90, 90, 15).pixels, line_with("step 1000", 3, 90, 1).pixels);
}

TEST(Film, ANarrowPictureStandsInTheMiddleOverItsStep) {
  const TemporaryFolder folder;
  const auto run = run_with(folder, 1, {20, 1000});
  ASSERT_EQ(run_kiln({"film", run, "--quiet"}).code, 0);
  const auto frame = played(run + "/samples/film.webp").frames.at(1);
  EXPECT_EQ(frame.width, text_width("step 1000") + 2 * 3);
  EXPECT_EQ(part_of(frame, (frame.width - 12) / 2, 0, 12, 12).pixels, picture_at(1, 1000).pixels);
  EXPECT_EQ(part_of(frame, 0, 12, frame.width, 15).pixels,
            line_with("step 1000", 3, frame.width, 1).pixels);
}

TEST(Film, SeveralRunsAreNamedOverTheirPictures) {
  const TemporaryFolder folder;
  const auto a = run_with(folder, 0, {1, 2}, 60), b = run_with(folder, 1, {1, 2}, 60);
  const auto out = (folder / "film.webp").string();
  const auto frame = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"film", a, b + "/", "-o", out, "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto result = run_kiln(arguments);
    EXPECT_EQ(result.code, 0) << result.err;
    return played(out).frames.at(1);
  };
  const auto unnamed = frame({}), named = frame({"--names", "plain,ten \u00d7 ahead"});
  EXPECT_EQ(unnamed.width, 4 + 60 + 4 + 60 + 4);
  const auto beside = make_grid({picture_at(0, 2, 60), picture_at(1, 2, 60)},
                                {.columns = 2, .padding = 4, .zoom = 1});
  for (const auto& shown : {unnamed, named}) {
    EXPECT_EQ(shown.height, 15 + 68 + 15);
    EXPECT_EQ(part_of(shown, 0, 15, 132, 68).pixels, beside.pixels);
    EXPECT_EQ(part_of(shown, 0, 83, 132, 15).pixels, line_with("step 2", 3, 132, 1).pixels);
  }
  const auto over = [](const Image& image, std::int64_t x) {
    return part_of(image, x, 0, 60, 15).pixels;
  };
  EXPECT_EQ(over(unnamed, 4), line_with("0", 27, 60, 1).pixels);
  EXPECT_EQ(over(unnamed, 68), line_with("1", 27, 60, 1).pixels);
  EXPECT_EQ(over(named, 4), line_with("plain", (60 - 29) / 2, 60, 1).pixels);
  EXPECT_EQ(over(named, 68), line_with("ten x ah..", 0, 60, 1).pixels);
}

// Where the pixels of the samples' colour lie, on the average.
std::pair<double, double> middle_of_blue(const Image& image) {
  double column = 0, row = 0, count = 0;
  for (std::int64_t i = 0; i < image.width * image.height; ++i) {
    const auto* rgb = &image.pixels[static_cast<std::size_t>(3 * i)];
    if (rgb[2] < rgb[0] + 40) continue;
    column += static_cast<double>(i % image.width), row += static_cast<double>(i / image.width);
    ++count;
  }
  EXPECT_GT(count, 0);
  return {column / count, row / count};
}

// A young GAN of points, with pictures of steps 10 and 20.
std::string run_of_points(const TemporaryFolder& folder, const std::string& name,
                          const std::string& data) {
  const auto run = (folder / name).string();
  const auto trained = run_kiln({"train",
                                 "gan",
                                 "--data",
                                 data,
                                 "--out",
                                 run,
                                 "--steps",
                                 "20",
                                 "--batch",
                                 "20",
                                 "--hidden",
                                 "8",
                                 "--latent",
                                 "64",
                                 "--ema",
                                 "0",
                                 "--minibatch-deviation=false",
                                 "--threads",
                                 "1",
                                 "--sample-every",
                                 "10",
                                 "--quiet"});
  EXPECT_EQ(trained.code, 0) << trained.err;
  return run;
}

TEST(Film, RunsOfPointsShareTheWindowThatShowsAllTheirData) {
  const TemporaryFolder folder;
  const auto small = run_of_points(folder, "small", "ring8:n=400,test=40,radius=1"),
             large = run_of_points(folder, "large", "ring8:n=400,test=40,radius=3");
  const auto frame_of = [&](const std::vector<std::string>& runs) {
    const auto out = (folder / "film.webp").string();
    std::vector<std::string> arguments{"film", "-o", out, "--quiet"};
    arguments.insert(arguments.end(), runs.begin(), runs.end());
    EXPECT_EQ(run_kiln(arguments).code, 0);
    return played(out).frames.at(1);
  };
  const auto alone = part_of(frame_of({large}), 0, 0, 400, 400).pixels;
  constexpr std::int64_t kTop = 30 + 4;  // the names, and the grid's edge
  EXPECT_EQ(part_of(frame_of({small, large}), 4 + 400 + 4, kTop, 400, 400).pixels, alone);
  EXPECT_EQ(part_of(frame_of({large, small}), 4, kTop, 400, 400).pixels, alone);
}

TEST(Film, PointsOfThePlaneAreDrawnOverTheData) {
  const TemporaryFolder folder;
  const auto run = run_of_points(folder, "gan", "ring8:n=400,test=40"),
             out = (folder / "film.webp").string();
  for (const auto* name : {"step-00000010.svg", "step-00000010.npy", "step-00000020.npy"})
    EXPECT_TRUE(std::filesystem::exists(folder / "gan/samples" / name)) << name;
  const auto object = only_object(run_kiln({"film", run, "-o", out, "--json"}));
  EXPECT_EQ(object["steps"], (std::vector<int>{10, 20}));
  const auto film = played(out);
  ASSERT_EQ(film.frames.size(), 2u);
  EXPECT_EQ(film.frames[0].width, 400);
  EXPECT_EQ(film.frames[0].height, 400 + 30 + 15);  // the step, and what the axes show
  // A young generator draws about the origin, which the ring's axes have in their middle.
  const auto [column, row] = middle_of_blue(film.frames[0]);
  EXPECT_NEAR(column, 200, 40);
  EXPECT_NEAR(row, 200, 40);
}

TEST(Film, RefusesWhatMakesNoFilmAndWritesNothing) {
  const TemporaryFolder folder;
  const auto none = run_with(folder, 0, {}), one = run_with(folder, 1, {70});
  const auto two = run_with(folder, 2, {10, 20, 30}), other = run_with(folder, 3, {15, 20, 45});
  const auto large = run_with(folder, 4, {10, 20}, 14);
  const auto out = (folder / "film.webp").string();
  EXPECT_EQ(refusal({"film", none, "-o", out}),
            "kiln: [film] " + none +
                " has no pictures of its training: samples/step-*.png, or .npy of points; models "
                "that draw samples make them\n");
  EXPECT_EQ(
      refusal({"film", one, "-o", out}),
      "kiln: [film] " + one +
          " has a picture of step 70 alone, and a film needs two; train on, or with a smaller "
          "--sample-every\n");
  EXPECT_EQ(refusal({"film", two, other, "-o", out}),
            "kiln: [film] the runs share 1 step with pictures, and a film needs two; " + two +
                " lacks steps 15, 45; " + other +
                " lacks steps 10, 30; train them with one --sample-every\n");
  EXPECT_EQ(refusal({"film", two, large, "-o", out, "--quiet"}),
            "kiln: [film] at step 10 the pictures of " + two +
                " have 12 x 12 pixels and those of " + large +
                " 14 x 14; only equal sizes fit side by side\n");
  EXPECT_EQ(refusal({"film", two, two}),
            "kiln: [film] a film of several runs needs -o FILE.webp\n");
  EXPECT_EQ(refusal({"film", two, "-o", "film.gif"}),
            "kiln: [out] needs a name that ends in .webp, got 'film.gif'\n");
  EXPECT_EQ(refusal({"film", two, "-o", out, "--quality", "best"}),
            "kiln: [film.quality] needs lossless or 0 to 100, got 'best'\n");
  EXPECT_EQ(refusal({"film", two, two, two, "-o", out, "--names", "a,b"}),
            "kiln: [film.names] needs a name for each of the 3 runs, got 2 in 'a,b'\n");
  EXPECT_EQ(
      refusal({"film", two, "-o", out, "--names", "a", "--no-words"}),
      "kiln: [film.no_words] leaves out the names that --names gives; leave out one of both\n");
  EXPECT_FALSE(std::filesystem::exists(out));
}

// A run that somebody sent may hold anything.
TEST(Film, WhatIsNoFileAmongTheSamplesIsNotRead) {
  const TemporaryFolder folder;
  const auto run = run_with(folder, 1, {10, 20}, 60);
  std::filesystem::create_symlink("/dev/zero", run + "/samples/step-00000012.png");
  ASSERT_EQ(mkfifo((run + "/samples/step-00000014.png").c_str(), 0600), 0);
  const auto object = only_object(run_kiln({"film", run, "--json"}));
  EXPECT_EQ(object["steps"], (std::vector<int>{10, 20}));
}

TEST(Film, RefusesSamplesThatAreNoPointsOfThePlane) {
  const TemporaryFolder folder;
  const auto run = run_with(folder, 0, {});
  write_npy(folder / "0/samples/step-00000001.npy",
            {.shape = {2, 3}, .values = {1, 2, 3, 4, 5, 6}});
  EXPECT_EQ(
      refusal({"film", run}),
      "kiln: [film] '" + run +
          "/samples/step-00000001.npy' has shape [2, 3]; a film shows images or points of the "
          "plane\n");
}

}  // namespace
}  // namespace kiln
