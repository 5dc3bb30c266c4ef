// What can go wrong while a run is trained: damage, two processes, numbers, signals, a full disk.
#include <gtest/gtest.h>

#include <sys/resource.h>
#include <csignal>

#include "tests/cli/tiny_runs.h"

namespace kiln {
namespace {

namespace fs = std::filesystem;

constexpr int kFile = 3, kNumbers = 4, kInterrupted = 130;

// A copy of a tiny run that a test may break.
std::string copied_run(const TemporaryFolder& folder, const std::string& model) {
  const auto path = folder / "run";
  fs::copy(tiny_run(model), path, fs::copy_options::recursive);
  return path.string();
}

void damage(const fs::path& file) {
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(static_cast<std::streamoff>(fs::file_size(file)) - 5);
  bytes.put('\x55');
  bytes.put('\x55');
}

// A training that goes on until somebody stops it.
std::vector<std::string> long_training(const std::string& out) {
  auto arguments = tiny_training("nade", out);
  for (auto& argument : arguments)
    if (argument == "40") argument = "1000000";
  return arguments;
}

TEST(BrokenRuns, ADamagedCheckpointIsPassedOver) {
  const TemporaryFolder folder;
  const auto run = copied_run(folder, "nade");
  const auto newest = fs::path(run) / "checkpoints/step-00000040.safetensors";
  damage(newest);
  const auto sampled = run_kiln({"sample", run, "--checkpoint", "last", "--json"});
  EXPECT_EQ(only_object(sampled)["step"], 20);
  EXPECT_TRUE(sampled.err.starts_with("warning: [safetensors] '" + newest.string() + "': "))
      << sampled.err;
  EXPECT_TRUE(sampled.err.ends_with("; using the checkpoint before it\n")) << sampled.err;

  const auto resumed = run_kiln({"resume", run, "--json"});
  EXPECT_EQ(only_object(resumed)["step"], 40);
  EXPECT_NE(resumed.err.find("using the checkpoint before it"), std::string::npos) << resumed.err;
  EXPECT_NE(resumed.err.find("resuming from step 20 of 40"), std::string::npos) << resumed.err;
  EXPECT_TRUE(contents(newest) ==
              contents(fs::path(tiny_run("nade")) / "checkpoints/step-00000040.safetensors"));
}

TEST(BrokenRuns, ADamagedBestStateIsReplacedByTheNewest) {
  const TemporaryFolder folder;
  const auto run = copied_run(folder, "nade");
  const auto best = fs::path(run) / "checkpoints/best.safetensors";
  damage(best);
  const auto sampled = run_kiln({"sample", run, "--json"});
  EXPECT_EQ(only_object(sampled)["step"], 40);
  EXPECT_TRUE(sampled.err.starts_with("warning: [safetensors] '" + best.string() + "': "))
      << sampled.err;
  EXPECT_TRUE(sampled.err.ends_with("; using the newest checkpoint\n")) << sampled.err;
}

TEST(BrokenRuns, ACheckpointOfAnotherRunIsRefused) {
  const TemporaryFolder folder;
  auto other = tiny_training("nade", folder / "other");
  other.insert(other.end(), {"--seed", "5"});
  ASSERT_EQ(run_kiln(other).code, 0);
  const auto run = copied_run(folder, "nade");
  for (const auto* name : {"best", "step-00000020", "step-00000040"}) {
    const auto file = std::string("checkpoints/") + name + ".safetensors";
    fs::copy_file(folder / "other" / file, fs::path(run) / file,
                  fs::copy_options::overwrite_existing);
  }
  for (const auto& command : {"sample", "resume"}) {
    const auto result = run_kiln({command, run, "--quiet"});
    EXPECT_EQ(result.code, kFile) << command;
    EXPECT_NE(result.err.find("is of a run with other options of the model, or another seed"),
              std::string::npos)
        << result.err;
  }
}

TEST(BrokenRuns, WithoutAGoodCheckpointTheRunIsRefused) {
  const TemporaryFolder folder;
  const auto run = copied_run(folder, "nade");
  for (const auto* step : {"20", "40"})
    damage(fs::path(run) / ("checkpoints/step-000000" + std::string(step) + ".safetensors"));
  const auto result = run_kiln({"resume", run, "--quiet"});
  EXPECT_EQ(result.code, kFile);
  EXPECT_TRUE(result.err.starts_with("kiln: [" + run + "] no checkpoint can be read: "))
      << result.err;
}

TEST(BrokenRuns, TwoProcessesCannotTrainOneRun) {
  const TemporaryFolder folder;
  const auto run = (folder / "run").string();
  ProgramResult second;
  const auto first = run_kiln(long_training(run), [&](pid_t child) {
    if (second.code != -1 || !fs::exists(run + "/checkpoints/step-00000020.safetensors")) return;
    second = run_kiln({"resume", run});
    kill(child, SIGINT);
  });
  EXPECT_EQ(first.code, kInterrupted) << first.err;
  EXPECT_EQ(second.code, kFile);
  EXPECT_EQ(second.err,
            "kiln: [io.lock] '" + run + "' is in use by another process; wait until it ends\n");
}

TEST(BrokenRuns, InterruptedTrainingSavesAndGoesOn) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const TemporaryFolder folder;
    const auto run = (folder / "run").string();
    auto arguments = long_training(run);
    arguments.emplace_back("--json");
    bool sent = false;
    const auto stopped = run_kiln(arguments, [&](pid_t child) {
      if (sent || !fs::exists(run + "/checkpoints/step-00000020.safetensors")) return;
      sent = true;
      kill(child, signal);
    });
    ASSERT_EQ(stopped.code, kInterrupted) << stopped.err;
    const auto object = nlohmann::json::parse(stopped.out);
    EXPECT_EQ(object["end"], "interrupted");
    const auto step = object["step"].get<std::int64_t>();
    const auto more = std::to_string(step + 5);
    const auto resumed = run_kiln({"resume", run, "--steps", more, "--json"});
    EXPECT_EQ(only_object(resumed)["step"], step + 5);
    EXPECT_NE(resumed.err.find("resuming from step " + std::to_string(step) + " of " + more),
              std::string::npos)
        << resumed.err;
  }
}

TEST(BrokenRuns, NumbersThatAreNotFiniteNamePlayerParameterAndLastGoodCheckpoint) {
  const TemporaryFolder folder;
  const auto run = (folder / "run").string();
  auto arguments = tiny_training("nade", run);
  arguments.insert(arguments.end(), {"--learning-rate", "1e39", "--optimizer", "sgd"});
  const auto result = run_kiln(arguments);
  EXPECT_EQ(result.code, kNumbers);
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(result.err.starts_with("kiln: [train] ")) << result.err;
  EXPECT_NE(result.err.find("parameter '"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("' of player 'model' is not finite at step "), std::string::npos)
      << result.err;
  EXPECT_TRUE(result.err.ends_with("; the last good checkpoint is " + run +
                                   "/checkpoints/step-00000000.safetensors\n"))
      << result.err;
  EXPECT_EQ(run_kiln({"sample", run, "--json"}).code, 0);
}

TEST(BrokenRuns, AFullDiskLeavesTheOldCheckpointGood) {
  const TemporaryFolder folder;
  const auto run = copied_run(folder, "nade");
  const auto old = fs::path(run) / "checkpoints/step-00000040.safetensors";
  const auto before = contents(old);
  const auto limit = static_cast<rlim_t>(before.size() / 2);
  const auto result = run_kiln({"resume", run, "--steps", "60", "--quiet"}, {}, [&] {
    signal(SIGXFSZ, SIG_IGN);  // so that writing beyond the limit fails, as on a full disk
    const rlimit most{limit, limit};
    setrlimit(RLIMIT_FSIZE, &most);
  });
  EXPECT_EQ(result.code, kFile);
  EXPECT_NE(result.err.find("File too large"), std::string::npos) << result.err;
  EXPECT_TRUE(contents(old) == before);
  for (const auto& entry : fs::directory_iterator(fs::path(run) / "checkpoints"))
    EXPECT_TRUE(entry.path().extension() == ".safetensors") << entry.path();
  const auto resumed = run_kiln({"resume", run, "--json"});
  EXPECT_EQ(only_object(resumed)["step"], 60);
}

}  // namespace
}  // namespace kiln
