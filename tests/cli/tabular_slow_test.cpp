// Models of states from the command line: what they take from the data, and what they refuse.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/cli/tiny_runs.h"

namespace kiln {
namespace {

std::string table_file(const TemporaryFolder& folder, const std::string& name,
                       const std::string& row) {
  const auto path = folder / name;
  std::ofstream file(path);
  for (int i = 0; i < 20; ++i) file << "0,1,2\n" << row << "\n";
  return "csv:" + path.string();
}

std::string refusal_of(const std::vector<std::string>& arguments) {
  const auto result = run_kiln(arguments);
  EXPECT_EQ(result.code, 2) << result.err;
  return result.err;
}

TEST(Tabular, StatesComeFromTrainingAndValidationData) {
  const TemporaryFolder folder;
  const auto three = table_file(folder, "three.csv", "2,2,0"),
             four = table_file(folder, "four.csv", "3,0,0"),
             five = table_file(folder, "five.csv", "4,0,0");
  const auto run = (folder / "run").string();
  const auto trained = run_kiln(
      {"train", "markov", "--data", three, "--valid", four, "--out", run, "--quiet", "--json"});
  EXPECT_EQ(only_object(trained)["end"], "finished");
  EXPECT_NE(contents(folder / "run/config.toml").find("states = 4\n"), std::string::npos);
  const auto judged =
      only_object(run_kiln({"eval", run, "--data", three, "--metric", "nll", "--json"}));
  EXPECT_GT(judged["metrics"]["nll"], 0.6);  // two rows, each half of the time: ln 2 and the prior
  EXPECT_LT(judged["metrics"]["nll"], 0.9);
  EXPECT_EQ(refusal_of({"eval", run, "--data", five, "--quiet"}),
            "kiln: [data] " + five +
                " holds 5 states and the model knows 4; train a model on data with all of them, or "
                "give data with at most 4\n");
}

TEST(Tabular, ValidationDataPassThroughTheirOwnTransform) {
  const TemporaryFolder folder;
  std::ofstream(folder / "binary.csv") << "0,1\n1,0\n0,1\n1,0\n";
  std::ofstream(folder / "grey.csv") << "0.9,0.2\n0.1,0.7\n";
  const auto trained = run_kiln(
      {"train", "independent", "--data", "csv:" + (folder / "binary.csv").string(), "--valid",
       "csv:" + (folder / "grey.csv").string() + ",values=unit,binarize=threshold", "--out",
       (folder / "run").string(), "--quiet", "--json"});
  EXPECT_NEAR(only_object(trained)["best"]["nll"].get<double>(), 2 * std::log(2), 1e-12);
}

TEST(Tabular, RefusalsLeaveNothingBehind) {
  const TemporaryFolder folder;
  const auto out = (folder / "run").string();
  const auto refused = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--out", out, "--quiet"});
    const auto line = refusal_of(arguments);
    EXPECT_FALSE(std::filesystem::exists(out));
    return line;
  };
  EXPECT_EQ(refused({"train", "independent", "--data", "digits:n=20"}),
            "kiln: [data] digits:n=20,seed=1 holds grey levels and the model needs states; add "
            "levels=Q (2 to 256), binarize=threshold or binarize=stochastic to "
            "the SPEC\n");
  EXPECT_TRUE(refused({"train", "joint", "--data", "digits:n=20,levels=4"})
                  .starts_with("kiln: [joint] a table of 784 variables of 4 states has 1.04e472 "
                               "parameters and needs "));
  EXPECT_EQ(refused({"train", "markov", "--data", "bars:n=20", "--learning-rate", "1"}),
            "kiln: [train] this model learns in passes over the data, without gradients; leave "
            "out --learning-rate\n");
  EXPECT_TRUE(refused({"train", "nade", "--data", "digits:n=20,levels=4"})
                  .starts_with("kiln: [data] digits:levels=4,n=20,seed=1 holds 4 states and the "
                               "model needs binary values; "));
}

TEST(Tabular, EveryPatternCanBeCompleted) {
  const TemporaryFolder folder;
  const auto out = (folder / "c.png").string();
  for (const auto* known : {"bottom-half", "centre"}) {
    const auto result = only_object(run_kiln(
        {"complete", tiny_run("markov"), "--known", known, "--draws", "2", "-o", out, "--json"}));
    EXPECT_EQ(result["known"], known);
  }
  only_object(run_kiln({"sample", tiny_run("joint"), "-n", "4", "-o", out, "--json"}));
}

}  // namespace
}  // namespace kiln
