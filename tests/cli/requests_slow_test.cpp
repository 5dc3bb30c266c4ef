// What is asked for is what is done, or is refused: nothing is passed over in silence.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/cli/tiny_runs.h"

namespace kiln {
namespace {

namespace fs = std::filesystem;

constexpr int kRequest = 2, kFile = 3;

std::string refusal(const std::vector<std::string>& arguments, int code = kRequest) {
  const auto result = run_kiln(arguments);
  EXPECT_EQ(result.code, code) << arguments.back() << result.err;
  return result.err;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A name of a model that is the value of an option is not the model.
TEST(Requests, TheModelIsTheWordInItsPlace) {
  const TemporaryFolder folder;
  const auto out = (folder / "vae").string();
  fs::current_path(folder.path());
  const auto trained = run_kiln({"train", "gan", "--out", "vae", "--unroll", "2", "--data",
                                 "ring8:n=300", "--steps", "2", "--batch", "20", "--quiet"});
  EXPECT_EQ(trained.code, 0) << trained.err;
  EXPECT_TRUE(holds(contents(fs::path(out) / "config.toml"), "model = 'gan'"));
  fs::current_path("/");
}

TEST(Requests, AFileNamesTheModelAndEpochsWinOverItsSteps) {
  const TemporaryFolder folder;
  const auto config = tiny_run("nade") + "/config.toml", out = (folder / "again").string();
  const auto trained =
      run_kiln({"train", "--config", config, "--epochs", "3", "--out", out, "--json"});
  EXPECT_EQ(only_object(trained)["step"], 3 * 10);  // 200 items in batches of 20
}

TEST(Requests, OptionsThatWouldDoNothingAreRefused) {
  const auto with = [](const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"train", "nade", "--data", "bars"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return refusal(arguments);
  };
  EXPECT_TRUE(holds(with({"--momentum", ".5"}), "[train.momentum] belongs to --optimizer sgd"));
  EXPECT_TRUE(holds(with({"--step-every", "5"}), "[train.step_every] belongs to --schedule step"));
  EXPECT_TRUE(holds(with({"--steps", "5", "--epochs", "2"}), "[train.epochs] --steps says"));
  EXPECT_TRUE(holds(with({"--optimizer", "sgd", "--beta2", ".9"}), "[train.beta2] belongs to"));
}

TEST(Requests, UnknownKeysOfAFileAreNamed) {
  const TemporaryFolder folder;
  const auto path = (folder / "c.toml").string();
  write_plainly(path, "[run]\nmodel = 'nade'\nseed = 3\n");
  EXPECT_TRUE(holds(refusal({"train", "--config", path}, kFile), "[run] has no key 'seed'"));
  write_plainly(path, "[data]\ntrain = 'bars'\nsplit = 'x'\n");
  EXPECT_TRUE(holds(refusal({"train", "nade", "--config", path}, kFile),
                    "[data] has no key 'split'; keys: train, b, encoder, valid, skip_bad"));
}

TEST(Requests, AnRgbPixelOfTheLectureNeedsNoOrder) {
  const auto result = run_kiln({"theory", "params", "--n", "1", "--states", "16777216", "--json"});
  EXPECT_EQ(only_object(result)["laws"]["joint"]["parameters"], 16777215);
  EXPECT_EQ(only_object(result)["order"], 0);
}

// A run that was given its validation items learned from all of its own source.
TEST(Requests, TheValidationPartOfARunIsWhatValidGave) {
  const TemporaryFolder folder;
  const auto run = (folder / "run").string();
  const std::string data = "moons:n=300,valid=0,test=0", valid = "moons:n=70,seed=9";
  ASSERT_EQ(run_kiln({"train", "gaussian_mixture", "--data", data, "--valid", valid, "--components",
                      "2", "--out", run, "--quiet"})
                .code,
            0);
  for (const auto& more : std::vector<std::vector<std::string>>{
           {}, {"--split", "valid"}, {"--data", data, "--split", "valid"}}) {
    std::vector<std::string> arguments{"eval", run, "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto judged = only_object(run_kiln(arguments));
    EXPECT_EQ(judged["items"], 70);
    EXPECT_EQ(judged["data"], valid + " (valid)");
  }
  EXPECT_EQ(only_object(run_kiln({"eval", run, "--split", "train", "--json"}))["items"], 300);
}

TEST(Requests, SamplesGoWhereTheirNameSays) {
  const TemporaryFolder folder;
  const auto at = [&](const char* name) { return (folder / name).string(); };
  const auto run = tiny_run("nade");
  for (const auto* wrong : {"x.jpg", "x.npz", "x.pdf"})
    EXPECT_TRUE(holds(refusal({"sample", run, "-o", at(wrong)}), "needs a name that ends in"));
  EXPECT_TRUE(holds(refusal({"sample", run, "-o", at("x.svg")}), "the samples are images: give"));
  const auto table = at("mixture");
  ASSERT_EQ(run_kiln({"train", "gaussian_mixture", "--data", "moons:n=200", "--components", "2",
                      "--out", table, "--quiet"})
                .code,
            0);
  EXPECT_TRUE(holds(refusal({"sample", table, "-o", at("x.png")}), "the samples are points: give"));
  ASSERT_EQ(run_kiln({"sample", table, "-n", "5", "-o", at("x.csv")}).code, 0);
  const auto csv = contents(at("x.csv"));
  EXPECT_TRUE(csv.starts_with("x0,x1\n"));
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 6);
}

// Classes have the names that the data give them.
TEST(Requests, AClassIsAskedForByNumberOrByName) {
  const TemporaryFolder folder;
  const auto run = (folder / "run").string();
  ASSERT_EQ(
      run_kiln({"train", "gan", "--condition", "label", "--data", "shapes:size=16,n=60,label=shape",
                "--hidden", "8", "--steps", "2", "--batch", "20", "--out", run, "--quiet"})
          .code,
      0);
  const auto drawn = [&](const std::string& label) {
    const auto out = folder / (label + ".npy");
    const auto result =
        run_kiln({"sample", run, "-n", "3", "--condition", "label=" + label, "-o", out.string()});
    EXPECT_EQ(result.code, 0) << result.err;
    return contents(out);
  };
  const auto classes =
      only_object(run_kiln({"data", "shapes:size=16,n=60,label=shape", "--json"}))["class_counts"];
  EXPECT_TRUE(classes.contains("circle")) << classes.dump();
  int same = 0;
  for (int k = 0; k < static_cast<int>(classes.size()); ++k)
    same += drawn(std::to_string(k)) == drawn("circle");
  EXPECT_EQ(same, 1);
  EXPECT_TRUE(holds(refusal({"sample", run, "--condition", "label=circel"}),
                    "no class 'circel'; did you mean 'circle'?"));
}

TEST(Requests, HelpIsShownWhereNothingIsAsked) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{}, {"help"}}) {
    const auto result = run_kiln(arguments);
    EXPECT_EQ(result.code, 0);
    EXPECT_TRUE(holds(result.out, "Subcommands"));
  }
}

TEST(Requests, WhatIsAskedBesideThePointIsRefused) {
  const TemporaryFolder folder;
  const auto run = tiny_run("nade"), out = (folder / "x").string();
  EXPECT_EQ(refusal({"eval", run, "--metric", "nll", "--draws", "9"}),
            "kiln: [eval.draws] are those of iwae, which --metric does not ask for\n");
  EXPECT_TRUE(holds(refusal({"sample", run, "--noise"}), "has no decoder"));
  EXPECT_EQ(refusal({"train", "nade", "--data", "digits:n=50", "--valid", "digits:n=20",
                     "--validation-fraction", "0.2", "--out", out}),
            "kiln: [train.validation_fraction] --valid says what to validate on; leave one of them "
            "out\n");
  EXPECT_TRUE(holds(refusal({"train", "rnade", "--data", "ring8:n=2,valid=0", "--out", out}),
                    "leaves 1 item to train on"));
}

TEST(Requests, NumbersAreAskedForInKilnsWords) {
  const auto run = tiny_run("nade");
  EXPECT_EQ(refusal({"sample", run, "-n", "many"}),
            "kiln: [sample] --count: needs a whole number from 1 to 1000000, got 'many'\n");
  EXPECT_EQ(refusal({"sample", run, "--seed", "-1"}),
            "kiln: [sample] --seed: needs a whole number of at least 0, got '-1'\n");
  EXPECT_EQ(refusal({"sample", run, "-n", "99999999999999999999"}),
            "kiln: [sample] --count: needs a whole number from 1 to 1000000, got "
            "'99999999999999999999'\n");
  EXPECT_EQ(refusal({"film", run, "--fps", "0"}),
            "kiln: [film] --fps: needs a number from 0.1 to 100, got '0'\n");
  EXPECT_EQ(refusal({"complete", run}),
            "kiln: [complete] needs --known; `kiln complete --help` shows what it takes\n");
  EXPECT_EQ(refusal({"sample"}),
            "kiln: [sample] needs RUN; `kiln sample --help` shows what it takes\n");
}

// A mistyped path makes no tree, a device is no file, and a message is one line.
TEST(Requests, FilesAreWrittenWhereFoldersAre) {
  const TemporaryFolder folder;
  const auto run = tiny_run("nade");
  const auto tree = (folder / "no/where/x.png").string();
  EXPECT_EQ(
      refusal({"sample", run, "-o", tree}, kFile),
      "kiln: [" + tree + "] there is no folder " + (folder / "no").string() + "; make it first\n");
  EXPECT_FALSE(fs::exists(folder / "no"));
  EXPECT_EQ(run_kiln({"sample", run, "-n", "2", "-o", (folder / "one/x.png").string()}).code, 0);
  EXPECT_EQ(refusal({"sample", run, "-o", "/dev/null"}),
            "kiln: [sample.out] '/dev/null' is neither a file nor a folder\n");
  const auto lines = refusal({"sample", "a\nb"}, kFile);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 1) << lines;
}

TEST(Requests, SamplesOfThePlaneStandBesideTheData) {
  const TemporaryFolder folder;
  const auto run = (folder / "run").string(), svg = (folder / "x.svg").string();
  ASSERT_EQ(
      run_kiln({"train", "gan", "--data", "ring8:n=300", "--steps", "2", "--quiet", "--out", run})
          .code,
      0);
  ASSERT_EQ(run_kiln({"sample", run, "--beside-data", "-n", "50", "-o", svg}).code, 0);
  const auto picture = contents(svg);
  EXPECT_TRUE(holds(picture, "samples of gan beside ring8"));
  EXPECT_TRUE(holds(picture, ">data<"));
  EXPECT_TRUE(holds(refusal({"sample", run, "--beside-data", "-o", (folder / "x.csv").string()}),
                    "draws points of the plane"));
  EXPECT_TRUE(
      holds(refusal({"sample", tiny_run("nade"), "--beside-data"}), "draws points of the plane"));
}

// A table may be sorted: what stands beside the samples is spread over it.
TEST(Requests, TheDataBesideSamplesAreNotItsFirstRows) {
  const TemporaryFolder folder;
  std::string rows = "a,b\n";
  for (int i = 0; i < 4000; ++i) rows += i < 2000 ? "0,1\n1,0\n" : "70,1\n71,0\n";
  const auto csv = folder / "t.csv", svg = folder / "x.svg";
  write_plainly(csv, rows);
  const auto run = (folder / "run").string();
  ASSERT_EQ(run_kiln({"train", "gan", "--data", "csv:" + csv.string(), "--steps", "2", "--quiet",
                      "--out", run})
                .code,
            0);
  ASSERT_EQ(run_kiln({"sample", run, "--beside-data", "-o", svg.string()}).code, 0);
  EXPECT_TRUE(holds(contents(svg), ">60<"));
}

TEST(Requests, AFilesOptionsAreNamedWithTheFile) {
  const TemporaryFolder folder;
  const auto toml = (folder / "c.toml").string();
  const auto refused = [&](const std::string& text) {
    write_plainly(toml, text);
    return refusal({"train", "nade", "--config", toml, "--data", "digits:n=50", "--out",
                    (folder / "x").string()},
                   kFile);
  };
  EXPECT_TRUE(holds(refused("[train]\nstep = 3\n"),
                    "kiln: [" + toml + "] [train] no option 'step'; did you mean 'steps'?"));
  EXPECT_TRUE(holds(refused("[model]\nhiden = 3\n"), "[model] no option 'hiden'"));
  EXPECT_TRUE(holds(refused("[model]\nhidden = 0\n"), "[" + toml + "]"));
}

}  // namespace
}  // namespace kiln
