// Two kinds of pictures that nobody has paired, by way of the program.
#include <set>

#include "kiln/io/atomic_file.h"
#include "kiln/io/image.h"
#include "kiln/io/safetensors.h"
#include "tests/cli/tiny_runs.h"

namespace kiln {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kSmall{"--filters", "2", "--steps", "12", "--critic-filters", "2",
                                      "--threads", "1", "--quiet"};

class Unpaired : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder();
    run_ = (*folder_ / "run").string();
    const auto result = train({"--data", "shapes:size=16,ground=plain,n=30", "--data-b",
                               "shapes:size=16,ground=striped,n=23", "--out", run_});
    ASSERT_EQ(result.code, 0) << result.err;
  }
  static void TearDownTestSuite() { delete folder_; }
  static ProgramResult train(const std::vector<std::string>& words) {
    std::vector<std::string> arguments{"train", "cyclegan"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    arguments.insert(arguments.end(), kSmall.begin(), kSmall.end());
    return run_kiln(arguments);
  }
  static std::string refusal(const ProgramResult& result) {
    EXPECT_EQ(result.code, 2) << result.err;
    return result.err;
  }
  static inline TemporaryFolder* folder_ = nullptr;
  static inline std::string run_;
};

TEST_F(Unpaired, ARunKnowsBothSources) {
  const auto config = read_text_file(fs::path(run_) / "config.toml", 1 << 20);
  EXPECT_NE(config.find("b = 'shapes:ground=striped,n=23,size=16'"), std::string::npos) << config;
  const auto provenance =
      nlohmann::json::parse(read_text_file(fs::path(run_) / "provenance.json", 1 << 20));
  EXPECT_EQ(provenance["train_b"]["items"], 23);
  EXPECT_NE(provenance["train"]["fingerprint"], provenance["train_b"]["fingerprint"]);
  EXPECT_TRUE(fs::exists(fs::path(run_) / "samples" / "step-00000012.png"));
  const auto records = read_text_file(fs::path(run_) / "metrics.jsonl", 1 << 20);
  for (const auto* name : {"valid/cycle_error\"", "valid/cycle_error_b2a\""})
    EXPECT_NE(records.find(name), std::string::npos) << name;
  EXPECT_EQ(run_kiln({"report", run_, "-o", (*folder_ / "page.html").string()}).code, 0);
  EXPECT_NE(read_text_file(*folder_ / "page.html", 1 << 24).find("--data-b"), std::string::npos);
}

// The second source's own seed is one that every source takes, whatever the run's.
TEST_F(Unpaired, EverySeedOpensBothSources) {
  for (const auto* seed : {"0", "4", "5", "9223372036854775807"}) {
    const auto out = (*folder_ / ("seed" + std::string(seed))).string();
    const auto result = train({"--data", "shapes:size=16,n=9", "--data-b", "shapes:size=16,n=9",
                               "--out", out, "--seed", seed, "--sample-every", "12"});
    EXPECT_EQ(result.code, 0) << result.err;
  }
}

TEST_F(Unpaired, BothDirectionsAreJudgedAndShown) {
  const auto error = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"eval", run_});
    words.insert(words.end(), {"--json", "--quiet"});
    return only_object(run_kiln(words))["metrics"];
  };
  const auto there = error({});
  EXPECT_EQ(there.size(), 1U) << "single pictures have no truth";
  EXPECT_GT(there["cycle_error"].get<double>(), 0);
  EXPECT_NE(error({"--direction", "b2a"})["cycle_error"], there["cycle_error"]);
  const std::string pairs = "shapes:size=16,ground=plain,pair=striped,n=20";
  const auto a2b = error({"--data", pairs}), b2a = error({"--data", pairs, "--direction", "b2a"});
  EXPECT_GT(a2b["translation_error"].get<double>(), 0);
  EXPECT_NE(a2b["translation_error"], b2a["translation_error"]);
  const auto rows = [&](std::vector<std::string> words) {
    const auto out = (*folder_ / "grid.png").string();
    words.insert(words.begin(), {"translate", run_, "-n", "4", "-o", out});
    const auto result = run_kiln(words);
    EXPECT_EQ(result.code, 0) << result.err;
    return result.out.substr(result.out.find('\n') + 1);
  };
  EXPECT_EQ(rows({}), "4 of shapes:ground=plain,n=30,size=16 (test): given, made, back again\n");
  EXPECT_EQ(rows({"--direction", "b2a"}),
            "4 of shapes:ground=striped,n=23,size=16 (test): given, made, back again\n");
  EXPECT_EQ(rows({"--data", pairs, "--direction", "b2a"}),
            "4 of " + pairs + ": given, made, true\n");
}

TEST_F(Unpaired, ARunThatLostItsSecondSourceIsNotResumed) {
  const auto copy = *folder_ / "lost";
  fs::copy(run_, copy, fs::copy_options::recursive);
  auto config = read_text_file(copy / "config.toml", 1 << 20);
  const auto line = config.find("b = '");
  config.erase(line, config.find('\n', line) + 1 - line);
  write_file_atomically(copy / "config.toml", config);
  EXPECT_NE(refusal(run_kiln({"resume", copy.string()})).find("--data-b SPEC"), std::string::npos);
}

TEST_F(Unpaired, TheBestStateLeavesThePoolsToTraining) {
  const auto last = read_safetensors(fs::path(run_) / "checkpoints" / "step-00000012.safetensors");
  std::set<std::string> names;
  for (const auto& tensor : last.tensors) names.insert(tensor.name);
  EXPECT_TRUE(names.contains("training/state/pool_a.pictures"));
  EXPECT_FALSE(names.contains("pool_a.pictures"));
  EXPECT_TRUE(names.contains("training/a_to_b.down0.weight")) << "the generators are averaged";
  EXPECT_FALSE(names.contains("training/critic_a.0.weight")) << "the critics are not";
}

TEST_F(Unpaired, WrongRequestsAreRefusedBeforeAnyWork) {
  const auto out = (*folder_ / "x").string();
  EXPECT_NE(refusal(train({"--data", "shapes:size=16", "--out", out})).find("--data-b SPEC"),
            std::string::npos);
  EXPECT_NE(refusal(train({"--data", "shapes:size=16,n=9", "--data-b", "shapes:size=32,n=9",
                           "--out", out}))
                .find("one height and width"),
            std::string::npos);
  EXPECT_NE(refusal(train({"--data", "shapes:size=16,n=9", "--data-b", "ring8", "--out", out}))
                .find("holds no pictures, which two sources need"),
            std::string::npos);
  EXPECT_NE(refusal(train({"--data", "shapes:size=16,n=9", "--data-b", "shappes", "--out", out}))
                .find("did you mean 'shapes'"),
            std::string::npos);
  EXPECT_NE(refusal(train({"--data", "shapes:size=16,n=9,pair=outline", "--data-b",
                           "shapes:size=16,n=9", "--out", out}))
                .find("have a part b already"),
            std::string::npos);
  EXPECT_NE(refusal(train({"--data", "shapes:size=16,n=9", "--data-b", "shapes:size=16,n=9",
                           "--valid", "shapes:size=16,n=9,pair=outline", "--out", out}))
                .find("have a part b already"),
            std::string::npos);
  EXPECT_NE(refusal(train({"--data", "shapes:size=16,n=9", "--data-b", "shapes:size=16,n=9",
                           "--hold", "0.3", "--schedule", "constant", "--out", out}))
                .find("[train.hold] belongs to --schedule linear or cosine"),
            std::string::npos);
  EXPECT_EQ(train({"--data", "shapes:size=16,n=9", "--data-b", "shapes:size=16,n=9", "--hold",
                   "0.3", "--out", (*folder_ / "held").string()})
                .code,
            0)
      << "the recipe's schedule is linear";
  EXPECT_NE(refusal(run_kiln({"train", "vae", "--data", "digits:n=9", "--data-b", "digits:n=9",
                              "--out", out}))
                .find("learns from one source"),
            std::string::npos);
  EXPECT_NE(refusal(run_kiln({"eval", run_, "--direction", "sideways"})).find("goes a2b and b2a"),
            std::string::npos);
  EXPECT_NE(refusal(run_kiln({"eval", run_, "--metric", "translation_error"})).find("needs pairs"),
            std::string::npos);
  EXPECT_NE(
      refusal(run_kiln({"eval", tiny_run("vae"), "--direction", "a2b"})).find("translates nothing"),
      std::string::npos);
  EXPECT_FALSE(fs::exists(out));
}

}  // namespace
}  // namespace kiln
