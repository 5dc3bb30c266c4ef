// Whatever stops a training, and wherever, it can go on; whatever it could not say is no reason to
// end it.
#include <gtest/gtest.h>

#include <csignal>
#include <set>
#include <sstream>

#include "tests/cli/tiny_runs.h"

namespace kiln {
namespace {

namespace fs = std::filesystem;

constexpr int kRequest = 2, kFile = 3, kInterrupted = 130;

std::string final_state(const fs::path& run) {
  return contents(run / "checkpoints/step-00000040.safetensors");
}

// metrics.jsonl without what a clock says.
std::string learned(const fs::path& run) {
  std::istringstream lines(contents(run / "metrics.jsonl"));
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    auto object = nlohmann::json::parse(line);
    object.erase("seconds");
    object.erase("examples_per_second");
    text += object.dump() + "\n";
  }
  return text;
}

TEST(NothingLost, ARunStoppedBeforeItsFirstCheckpointStartsAtStepZero) {
  for (const auto* model : {"nade", "vae", "aae"}) {
    const TemporaryFolder folder;
    const auto run = folder / "run";
    fs::create_directories(run / "checkpoints");
    fs::copy(fs::path(tiny_run(model)) / "config.toml", run);
    const auto resumed = run_kiln({"resume", run.string()});
    ASSERT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_NE(resumed.err.find("no checkpoint yet: starting at step 0 of 40"), std::string::npos);
    EXPECT_TRUE(final_state(run) == final_state(tiny_run(model))) << model;
    EXPECT_EQ(learned(run), learned(tiny_run(model))) << model;
  }
}

TEST(NothingLost, WhatATrainingLeftThatHadNotBegunIsNoRun) {
  const TemporaryFolder folder;
  const auto run = folder / "run";
  fs::create_directories(run / "checkpoints");
  write_plainly(run / ".lock", "");
  write_plainly(run / ".kiln-999999999-0.tmp", "half");
  EXPECT_EQ(run_kiln({"resume", run.string()}).code, kFile);
  const auto trained = run_kiln(tiny_training("nade", run.string()));
  ASSERT_EQ(trained.code, 0) << trained.err;
  EXPECT_TRUE(final_state(run) == final_state(tiny_run("nade")));
  EXPECT_FALSE(fs::exists(run / ".kiln-999999999-0.tmp"));

  const auto other = folder / "other";
  fs::create_directories(other / "checkpoints");
  write_plainly(other / "checkpoints/thesis.txt", "mine");
  EXPECT_EQ(run_kiln(tiny_training("nade", other.string())).code, kRequest);
}

TEST(NothingLost, HalfWrittenFilesOfKilledProcessesAreRemoved) {
  const TemporaryFolder folder;
  const auto run = folder / "run";
  fs::copy(tiny_run("nade"), run, fs::copy_options::recursive);
  const auto dead = run / "checkpoints/.kiln-999999999-3.tmp";
  const auto alive = run / fmt::format(".kiln-{}-3.tmp", getpid());
  write_plainly(dead, "half");
  write_plainly(alive, "half");
  ASSERT_EQ(run_kiln({"resume", run.string()}).code, 0);
  EXPECT_FALSE(fs::exists(dead));
  EXPECT_TRUE(fs::exists(alive));
}

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

// Wherever a signal comes, in a step or in the middle of a validation, the run goes on as if it had
// not been stopped: all its files are equal.
TEST(NothingLost, AnInterruptedRunEndsAsAnUnbrokenOne) {
  const TemporaryFolder folder;
  const auto training = [&](const char* out) {
    return std::vector<std::string>{"train",
                                    "nade",
                                    "--data",
                                    "digits:n=2000,test=1500",
                                    "--hidden",
                                    "64",
                                    "--steps",
                                    "40",
                                    "--validate-every",
                                    "3",
                                    "--checkpoint-every",
                                    "12",
                                    "--log-every",
                                    "7",
                                    "--out",
                                    (folder / out).string()};
  };
  ASSERT_EQ(run_kiln(training("whole")).code, 0);
  int stops = 0;
  for (int delay = 2; delay < 40; delay += 7) {
    const auto out = "broken" + std::to_string(delay);
    const auto run = folder / out;
    int looks = 0;
    const auto stop = [&](pid_t child) {
      if (fs::exists(run / "metrics.jsonl") && ++looks == delay) kill(child, SIGINT);
    };
    auto ended = run_kiln(training(out.c_str()), stop);
    stops += ended.code == kInterrupted;
    ASSERT_TRUE(ended.code == kInterrupted || ended.code == 0) << ended.err;
    const auto resumed = run_kiln({"resume", run.string()});
    ASSERT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_EQ(learned(run), learned(folder / "whole")) << delay;
    EXPECT_EQ(names_in(run / "checkpoints"), names_in(folder / "whole/checkpoints")) << delay;
    for (const auto* file : {"step-00000040.safetensors", "best.safetensors"})
      EXPECT_TRUE(contents(run / "checkpoints" / file) ==
                  contents(folder / "whole/checkpoints" / file))
          << file << " " << delay;
  }
  EXPECT_GE(stops, 3);
}

TEST(NothingLost, WhileDataAreOpenedASignalEndsAtOnce) {
  const TemporaryFolder folder;
  const auto file = folder / "many.npy";
  std::string header = "{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000, 1), }";
  header.resize(117, ' ');
  write_plainly(file, std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header + "\n");
  fs::resize_file(file, 128 + 1000000000);
  int looks = 0;
  const auto ended = run_kiln(
      {"train", "vae", "--data", "npy:" + file.string(), "--out", (folder / "run").string()},
      [&](pid_t child) {
        if (++looks == 300) kill(child, SIGINT);
      });
  EXPECT_EQ(ended.code, kInterrupted) << ended.err;
  EXPECT_NE(ended.err.find("interrupted before the first step"), std::string::npos) << ended.err;
  EXPECT_FALSE(fs::exists(folder / "run"));
}

TEST(NothingLost, NotesThatCannotBeWrittenEndNoTraining) {
  const TemporaryFolder folder;
  const std::vector<std::function<void()>> streams{
      [] { dup2(open("/dev/full", O_WRONLY), STDERR_FILENO); }, [] { close(STDERR_FILENO); },
      [] {
        int ends[2];
        if (pipe(ends) == 0) dup2(ends[1], STDERR_FILENO), close(ends[0]);
      }};
  int number = 0;
  for (const auto& broken : streams) {
    const auto run = folder / std::to_string(number++);
    auto arguments = tiny_training("nade", run.string());
    std::erase(arguments, "--quiet");
    EXPECT_EQ(run_kiln(arguments, {}, broken).code, 0);
    EXPECT_TRUE(final_state(run) == final_state(tiny_run("nade")));
  }
}

TEST(NothingLost, AnAnswerThatCannotBeWrittenIsAFailure) {
  const auto full = [] { dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO); };
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"models"}, {"models", "--json"}, {"--help"}, {"data", "ring8"}})
    EXPECT_EQ(run_kiln(arguments, {}, full).code, kFile) << arguments[0];
  EXPECT_EQ(run_kiln({"models"}, {}, [] { close(STDOUT_FILENO); }).code, kFile);
}

TEST(NothingLost, ARunsPlanChangesOnlyWhenItCanGoOn) {
  const TemporaryFolder folder;
  const auto run = folder / "run";
  fs::copy(tiny_run("nade"), run, fs::copy_options::recursive);
  const auto plan = contents(run / "config.toml");
  const auto shorter = run_kiln({"resume", run.string(), "--steps", "30"});
  EXPECT_EQ(shorter.code, kRequest);
  EXPECT_NE(shorter.err.find("the run stands at step 40 already, beyond 30"), std::string::npos)
      << shorter.err;
  EXPECT_EQ(contents(run / "config.toml"), plan);
  for (const auto* step : {"20", "40"})
    write_plainly(run / ("checkpoints/step-000000" + std::string(step) + ".safetensors"), "no");
  EXPECT_EQ(run_kiln({"resume", run.string(), "--steps", "60"}).code, kFile);
  EXPECT_EQ(contents(run / "config.toml"), plan);
}

// A run folder may come from anybody.
TEST(NothingLost, NothingIsWrittenWhereLinksOfARunLead) {
  const TemporaryFolder folder;
  const auto victim = folder / "victim";
  write_plainly(victim, "mine");
  for (const auto* name : {"metrics.jsonl", "events.out.tfevents.kiln"}) {
    const auto run = folder / (std::string("run-") + name);
    fs::copy(tiny_run("nade"), run, fs::copy_options::recursive);
    fs::remove(run / name);
    fs::create_symlink(victim, run / name);
    const auto resumed = run_kiln({"resume", run.string(), "--steps", "60"});
    EXPECT_EQ(resumed.code, kFile);
    EXPECT_NE(resumed.err.find("is a link"), std::string::npos) << resumed.err;
  }
  const auto run = folder / "run";
  fs::copy(tiny_run("nade"), run, fs::copy_options::recursive);
  for (const auto* name : {"report.html", "config.toml", "checkpoints/step-00000060.safetensors",
                           "samples/step-00000044.png", "samples/sample-1.png"}) {
    const auto config = contents(run / "config.toml");
    const auto elsewhere = folder / fs::path(name).filename();
    write_plainly(elsewhere, std::string(name) == "config.toml" ? config : "mine");
    fs::remove(run / name);
    fs::create_symlink(elsewhere, run / name);
  }
  const auto plan = contents(folder / "config.toml");
  ASSERT_EQ(run_kiln({"resume", run.string(), "--steps", "60"}).code, 0);
  ASSERT_EQ(run_kiln({"sample", run.string()}).code, 0);
  EXPECT_TRUE(contents(folder / "report.html") == "mine");
  EXPECT_EQ(contents(folder / "config.toml"), plan);
  EXPECT_TRUE(contents(folder / "step-00000060.safetensors") == "mine");
  EXPECT_TRUE(contents(folder / "step-00000044.png") == "mine");
  EXPECT_TRUE(contents(folder / "sample-1.png") == "mine");
  EXPECT_TRUE(contents(victim) == "mine");
}

TEST(NothingLost, PathsThatCannotBeAreFilesFaults) {
  const TemporaryFolder folder;
  const auto run = tiny_run("nade");
  write_plainly(folder / "file", "");
  fs::create_symlink("loop", folder / "loop");
  const auto under = [&](const char* name) { return (folder / "file" / name).string(); };
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"resume", std::string(300, 'a')},
           {"train", "nade", "--data", "bars", "--out", std::string(300, 'a')},
           {"sample", (folder / "loop").string()},
           {"train", "nade", "--data", "bars", "--out", (folder / "loop").string()},
           {"sample", run, "-o", under("x/y.png")},
           {"report", run, "-o", under("x/r.html")},
           {"film", run, "-o", under("x/r.webp")},
           {"score", run, "-o", under("x.csv")}}) {
    const auto result = run_kiln(arguments);
    EXPECT_TRUE(result.code == kFile || result.code == kRequest) << arguments[0] << result.err;
    EXPECT_EQ(result.err.find("filesystem error"), std::string::npos) << result.err;
    EXPECT_LT(result.err.size(), 900u) << result.err;
  }
}

TEST(NothingLost, NamesSendNoCommandsToTheTerminal) {
  const TemporaryFolder folder;
  write_plainly(folder / "t.csv", "\x1b[31mred,b\xc2\x9b\n1.5,2\n3,4\n1,1\n");
  const auto shown = run_kiln({"data", "csv:" + (folder / "t.csv").string()});
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_NE(shown.out.find("\\x1b[31mred"), std::string::npos) << shown.out;
  EXPECT_EQ(shown.out.find('\x1b'), std::string::npos);
  EXPECT_EQ(shown.out.find("\xc2\x9b"), std::string::npos);
  EXPECT_EQ(run_kiln({"sample", "\x1b[31mred"}).err.find('\x1b'), std::string::npos);
}

TEST(NothingLost, AKeyOfFortyThousandPartsIsRefused) {
  const TemporaryFolder folder;
  std::string key = "a";
  for (int i = 1; i < 40000; ++i) key += ".a";
  for (const auto& text : {key + " = 1\n", "[" + key + "]\n", "x = {" + key + " = 1}\n"}) {
    write_plainly(folder / "k.toml", text);
    const auto path = (folder / "k.toml").string();
    EXPECT_EQ(run_kiln({"train", "nade", "--config", path}).code, kFile);
    EXPECT_EQ(run_kiln({"theory", "bayesnet", path}).code, kFile);
  }
}

// A table of 40 rows that grows with `scale`.
std::string table(int rows, double scale) {
  std::string text = "a,b\n";
  for (int i = 0; i < rows; ++i)
    text += fmt::format("{},{}\n", scale * ((i * 37) % 41), scale * ((i * 23) % 29));
  return text;
}

TEST(NothingLost, DataThatHaveChangedAreNamed) {
  const TemporaryFolder folder;
  const auto csv = (folder / "t.csv").string(), run = (folder / "run").string();
  write_plainly(csv, table(40, 1));
  ASSERT_EQ(run_kiln({"train", "rnade", "--data", "csv:" + csv, "--hidden", "4", "--steps", "6",
                      "--batch", "10", "--schedule", "constant", "--out", run, "--quiet"})
                .code,
            0);
  const auto resumed = [&] { return run_kiln({"resume", run, "--steps", "12", "--quiet"}); };
  write_plainly(csv, table(40, 1000));
  auto refused = resumed();
  EXPECT_EQ(refused.code, kRequest);
  EXPECT_NE(refused.err.find("has changed: there are as many items for train"), std::string::npos)
      << refused.err;
  write_plainly(csv, table(50, 1));
  refused = resumed();
  EXPECT_NE(refused.err.find("the run began with 36 items for train and finds 45"),
            std::string::npos)
      << refused.err;
  EXPECT_EQ(contents(fs::path(run) / "config.toml").find("steps = 12"), std::string::npos);
  write_plainly(csv, table(40, 1));
  const auto provenance = fs::path(run) / "provenance.json";
  const auto kept = nlohmann::json::parse(contents(provenance));
  EXPECT_TRUE(kept["command"].get<std::string>().starts_with("kiln train rnade --data csv:"));
  for (const auto& damaged : {"", "{", "[]", "{\"train\": 3}", "{\"train\": {\"spec\": 1}}"}) {
    write_plainly(provenance, damaged);
    EXPECT_EQ(resumed().code, kFile) << damaged;
  }
  write_plainly(provenance, kept.dump());
  EXPECT_EQ(resumed().code, 0);
}

}  // namespace
}  // namespace kiln
