// Models that make pictures pixel by pixel, as the program shows them: films of draws, completions,
// receptive fields.
#include <gtest/gtest.h>

#include "kiln/io/atomic_file.h"
#include "kiln/io/image.h"
#include "kiln/io/safetensors.h"
#include "tests/cli/tiny_runs.h"
#include "tests/io/played_film.h"

namespace kiln {
namespace {

std::string refusal(const std::vector<std::string>& arguments) {
  const auto result = run_kiln(arguments);
  EXPECT_EQ(result.code, 2) << result.out;
  return result.err;
}

TEST(Pixels, AFilmShowsADrawFromItsFirstPixelsToItsLast) {
  const TemporaryFolder folder;
  const auto run = tiny_run("pixel_cnn");
  const auto film_file = (folder / "film.webp").string(), grid = (folder / "grid.png").string();
  const auto object =
      only_object(run_kiln({"sample", run, "-n", "4", "-o", film_file, "--seed", "3", "--json"}));
  ASSERT_EQ(run_kiln({"sample", run, "-n", "4", "-o", grid, "--seed", "3"}).code, 0);
  const auto film = play(read_file(film_file));
  EXPECT_EQ(object["frames"], 196);  // of 784 pixels, every fourth
  // Of the first picture's 28 rows the last is grey until it is drawn; it begins at the grid's
  // frame.
  const auto grey = [&](const Image& frame, std::int64_t row) {
    const auto at = (row * frame.width + frame.width / 4) * 3;
    return std::abs(frame.pixels[static_cast<std::size_t>(at)] - 127.5) < 2;
  };
  const auto height = film.frames.front().height;
  EXPECT_TRUE(grey(film.frames.front(), height / 4));
  EXPECT_TRUE(grey(film.frames[90], height * 7 / 16));
  EXPECT_FALSE(grey(film.frames[90], height / 16));
  EXPECT_FALSE(grey(film.frames.back(), height * 7 / 16));
  const auto last = read_image(grid);
  ASSERT_EQ(film.frames.back().width, last.width);
  // The last frame is the grid that the same seed draws; a film is in colours.
  for (std::size_t i = 0; i < last.pixels.size(); ++i)
    ASSERT_EQ(film.frames.back().pixels[3 * i], last.pixels[i]) << i;
}

TEST(Pixels, CompletionsKeepTheHalfThatIsKnown) {
  const TemporaryFolder folder;
  const auto out = (folder / "out.png").string();
  EXPECT_EQ(run_kiln({"complete", tiny_run("pixel_cnn"), "--index", "0,1", "--known", "top-half",
                      "-o", out})
                .code,
            0);
  EXPECT_NE(refusal({"complete", tiny_run("pixel_cnn"), "--known", "left-half", "-o", out})
                .find("known numbers must come before all unknown ones in the ordering 'raster'"),
            std::string::npos);
}

TEST(Pixels, CheckDrawsWhatAPixelReads) {
  const TemporaryFolder folder;
  const auto run = tiny_run("pixel_cnn");
  const auto field = (folder / "field.svg").string();
  EXPECT_EQ(run_kiln({"check", run, "--field", field, "--pixel", "3,5"}).code, 0);
  const auto bytes = read_file(field);
  const std::string svg(bytes.begin(), bytes.end());
  EXPECT_NE(svg.find("What the law of pixel 3,5 reads"), std::string::npos);
  for (const char* none : {"28,0", "3", "3,x", "-1,2"})
    EXPECT_EQ(
        refusal({"check", run, "--field", field, "--pixel", none}),
        std::string("kiln: [check.pixel] needs ROW,COLUMN, ROW from 0 to 27, COLUMN from 0 to "
                    "27, got '") +
            none + "'\n");
  EXPECT_EQ(refusal({"check", run, "--pixel", "3,5"}),
            "kiln: [check.pixel] is of --field FILE.svg; give that too, or leave it out\n");
}

TEST(Pixels, TheCodesOfAnotherRunDriveDraws) {
  const TemporaryFolder folder;
  const auto vae = tiny_run("vae"), run = (folder / "coded").string();
  auto training = tiny_training("pixel_cnn", run);
  training.insert(training.end(), {"--condition", "code"});
  EXPECT_EQ(refusal(training),
            "kiln: [train.condition] code needs a run that encodes; name it by --encoder RUN\n");
  training.insert(training.end(), {"--encoder", vae});
  ASSERT_EQ(run_kiln(training).code, 0);
  const auto judged = only_object(run_kiln({"eval", run, "--metric", "nll", "--json"}));
  EXPECT_GT(judged["metrics"]["nll"], 0);
  EXPECT_EQ(run_kiln({"check", run}).code, 0);
  EXPECT_EQ(run_kiln({"complete", run, "--index", "1", "--known", "top-half", "-o",
                      (folder / "half.png").string()})
                .code,
            0);

  const auto codes = (folder / "codes.csv").string();
  ASSERT_EQ(run_kiln({"encode", vae, "-o", codes}).code, 0);
  const auto drawn = [&](const std::string& name, const std::vector<std::string>& more) {
    const auto out = (folder / name).string();
    std::vector<std::string> command{"sample", run, "-n", "9", "-o", out};
    command.insert(command.end(), more.begin(), more.end());
    EXPECT_EQ(run_kiln(command).code, 0);
    return read_file(out);
  };
  const auto given = drawn("given.npy", {"--condition", "code=" + codes});
  EXPECT_EQ(given, drawn("again.npy", {"--condition", "code=" + codes}));
  EXPECT_NE(given, drawn("plain.npy", {}));

  // The rows of a file in turn: of two rows every second picture is that of the first alone.
  const auto rows_of = [&](const std::string& name, std::size_t count) {
    const auto bytes = read_file(codes);
    std::string text(bytes.begin(), bytes.end()), some;
    for (std::size_t n = 0; n <= count; ++n) {
      const auto end = text.find('\n') + 1;
      some += text.substr(0, end);
      text.erase(0, end);
    }
    const auto path = (folder / name).string();
    write_file_atomically(path, some);
    return path;
  };
  const auto one = drawn("one.npy", {"--condition", "code=" + rows_of("one.csv", 1)});
  const auto two = drawn("two.npy", {"--condition", "code=" + rows_of("two.csv", 2)});
  const auto picture = [&](const auto& bytes, std::size_t n) {
    const auto first = bytes.size() - 9 * 784 * 4 + n * 784 * 4;
    return std::vector(bytes.begin() + static_cast<std::ptrdiff_t>(first),
                       bytes.begin() + static_cast<std::ptrdiff_t>(first + 784 * 4));
  };
  for (const std::size_t n : {0, 2, 4, 6, 8}) EXPECT_EQ(picture(one, n), picture(two, n)) << n;
  EXPECT_NE(one, two);

  EXPECT_NE(refusal({"sample", run, "--condition", "code=codes.png"}).find("codes.png"),
            std::string::npos);
  EXPECT_NE(refusal({"sample", tiny_run("pixel_cnn"), "--condition", "code=" + codes})
                .find("the run was trained without codes; leave code= out"),
            std::string::npos);
  EXPECT_NE(refusal({"train", "nade", "--data", "digits", "--encoder", vae})
                .find("belongs to --condition code, which nade was not asked for; leave it out"),
            std::string::npos);
  EXPECT_NE(refusal({"train", "pixel_cnn", "--data", "digits", "--condition", "code", "--encoder",
                     tiny_run("pixel_cnn"), "--out", (folder / "none").string()})
                .find("encoder"),
            std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder / "none"));
}

// A run knows no option that is newer than it.
TEST(Pixels, ARunOfBeforeThereWereCodesIsJudged) {
  const TemporaryFolder folder;
  const auto run = folder / "run";
  std::filesystem::copy(tiny_run("pixel_cnn"), run, std::filesystem::copy_options::recursive);
  auto config = contents(run / "config.toml");
  const auto begin = config.find("code_size");
  ASSERT_NE(begin, std::string::npos);
  config.erase(begin, config.find('\n', begin) + 1 - begin);
  write_file_atomically((run / "config.toml").string(), config);
  for (const auto& entry : std::filesystem::directory_iterator(run / "checkpoints")) {
    auto file = read_safetensors(entry.path().string());
    file.metadata.erase("kiln.run");  // of a config with the option
    write_safetensors(entry.path().string(), file);
  }
  const auto judged = run_kiln({"eval", run.string(), "--metric", "nll"});
  EXPECT_EQ(judged.code, 0) << judged.err;
}

TEST(Pixels, OneItemHasNoStandardError) {
  const auto judged =
      run_kiln({"eval", tiny_run("pixel_cnn"), "--data", "digits:n=1,test=1", "--metric", "nll"});
  EXPECT_EQ(judged.code, 0) << judged.err;
  EXPECT_NE(judged.out.find("+- unknown nats (1 items)"), std::string::npos) << judged.out;
}

TEST(Pixels, RefusalsSayWhatWouldDo) {
  EXPECT_NE(refusal({"sample", tiny_run("vae"), "-o", "film.webp"}).find("autoregressive"),
            std::string::npos);
  EXPECT_NE(refusal({"train", "pixel_rnn", "--data", "ring8"})
                .find("learns pictures, and the data are a table; use made or nade there"),
            std::string::npos);
  EXPECT_NE(refusal({"train", "pixel_cnn", "--data", "digits:n=200,test=40", "--condition", "code"})
                .find("condition"),
            std::string::npos);
}

}  // namespace
}  // namespace kiln
