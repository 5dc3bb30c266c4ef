#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "tests/cli/run_program.h"

namespace kiln {
namespace {

namespace fs = std::filesystem;

// Runs of commit f1a78e2, made by old_runs/make_runs.sh, with what that program said of them.
fs::path old_runs() { return fs::path(source_folder()) / "tests/cli/old_runs"; }

std::vector<fs::path> every_run() {
  std::vector<fs::path> runs;
  for (const auto& entry : fs::directory_iterator(old_runs()))
    if (entry.is_directory()) runs.push_back(entry.path());
  std::sort(runs.begin(), runs.end());
  return runs;
}

// A run's copy, so that nothing is written into the tree.
fs::path copy_of(const fs::path& run, const TemporaryFolder& folder) {
  const auto copy = folder / run.filename().string();
  fs::copy(run, copy, fs::copy_options::recursive);
  return copy;
}

std::string data_of(const fs::path& run) {
  std::istringstream config(contents(run / "config.toml"));
  for (std::string line; std::getline(config, line);)
    if (line.starts_with("train = '")) return line.substr(9, line.size() - 10);
  ADD_FAILURE() << run << " names no data";
  return "";
}

std::vector<double> scores_in(const std::string& csv) {
  std::istringstream lines(csv);
  std::string line;
  std::getline(lines, line);
  std::vector<double> scores;
  while (std::getline(lines, line)) scores.push_back(std::stod(line.substr(line.find(',') + 1)));
  return scores;
}

// The numbers of a float32 NPY file; its header ends with the line.
std::vector<double> numbers_in(const std::string& npy) {
  const auto begin = npy.find('\n') + 1;
  std::vector<float> values((npy.size() - begin) / sizeof(float));
  std::memcpy(values.data(), npy.data() + begin, values.size() * sizeof(float));
  return {values.begin(), values.end()};
}

// Sums of a few float32 terms in another order: some units in the last of their places.
void expect_close(const std::vector<double>& got, const std::vector<double>& wanted,
                  const fs::path& run) {
  ASSERT_EQ(got.size(), wanted.size()) << run;
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_NEAR(got[i], wanted[i], 1e-5 * std::max(1.0, std::abs(wanted[i]))) << run << " " << i;
}

TEST(OldRuns, ThereIsOneOfEveryFamily) {
  std::vector<std::string> names;
  for (const auto& run : every_run()) names.push_back(run.filename().string());
  EXPECT_EQ(names, (std::vector<std::string>{"aae", "autoencoder", "gan", "gaussian_mixture",
                                             "joint", "ladder_vae", "made", "markov", "nade",
                                             "orderless_nade", "pca", "rnade", "vae"}));
}

TEST(OldRuns, ScoreTheirItemsAsTheyDid) {
  for (const auto& run : every_run()) {
    const TemporaryFolder folder;
    const auto csv = folder / "scores.csv";
    const auto result = run_kiln(
        {"score", copy_of(run, folder).string(), "--data", data_of(run), "-o", csv.string()});
    ASSERT_EQ(result.code, 0) << run << result.err;
    expect_close(scores_in(contents(csv)), scores_in(contents(run / "scores.csv")), run);
  }
}

TEST(OldRuns, DrawWhatTheyDrew) {
  int drawn = 0;
  for (const auto& run : every_run()) {
    if (!fs::exists(run / "samples.npy")) continue;  // an autoencoder draws nothing
    ++drawn;
    const TemporaryFolder folder;
    const auto npy = folder / "samples.npy";
    const auto result = run_kiln(
        {"sample", copy_of(run, folder).string(), "-n", "6", "--seed", "3", "-o", npy.string()});
    ASSERT_EQ(result.code, 0) << run << result.err;
    expect_close(numbers_in(contents(npy)), numbers_in(contents(run / "samples.npy")), run);
  }
  EXPECT_EQ(drawn, 12);
}

TEST(OldRuns, GoOn) {
  for (const auto& run : every_run()) {
    const TemporaryFolder folder;
    const auto copy = copy_of(run, folder);
    const auto result = run_kiln({"resume", copy.string(), "--steps", "30", "--quiet"});
    ASSERT_EQ(result.code, 0) << run << result.err;
    const auto checkpoints = std::distance(fs::directory_iterator(copy / "checkpoints"), {});
    EXPECT_GE(checkpoints, 1) << run;  // a fitted model may be done where it stands
    if (run.filename() == "nade" || run.filename() == "vae" || run.filename() == "gan") {
      EXPECT_TRUE(fs::exists(copy / "checkpoints/step-00000030.safetensors")) << run;
    }
  }
}

}  // namespace
}  // namespace kiln
