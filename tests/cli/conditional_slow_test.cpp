// Densities given a class, by way of the program.
#include "tests/cli/tiny_runs.h"

namespace kiln {
namespace {

class GivenAClass : public testing::TestWithParam<const char*> {
 protected:
  std::string trained() {
    const auto out = (folder_ / "run").string();
    const auto result =
        run_kiln({"train", GetParam(), "--data", "digits:n=600,test=100", "--condition", "label",
                  "--hidden", "30", "--steps", "300", "--batch", "20", "--learning-rate", "0.01",
                  "--threads", "1", "--quiet", "--out", out});
    EXPECT_EQ(result.code, 0) << result.err;
    return out;
  }
  TemporaryFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(Models, GivenAClass, testing::Values("nade", "made"));

TEST_P(GivenAClass, TheRunIsALikelihoodASamplerAndAClassifier) {
  const auto run = trained();
  const auto judged = only_object(run_kiln({"eval", run, "--json", "--quiet"}));
  EXPECT_GT(judged["metrics"]["nll"].get<double>(), 0);
  EXPECT_LT(judged["metrics"]["error"].get<double>(), 0.5) << "chance is 0.9";
  const auto one = (folder_ / "one.npy").string(), other = (folder_ / "other.npy").string();
  for (const auto& [label, file] : {std::pair{"label=1", one}, {"label=8", other}})
    EXPECT_EQ(run_kiln({"sample", run, "-n", "5", "--condition", label, "-o", file}).code, 0);
  EXPECT_NE(contents(one), contents(other));
  const auto refused = run_kiln({"sample", run, "--condition", "label=10", "-o", one});
  EXPECT_EQ(refused.code, 2);
  EXPECT_EQ(refused.err, "kiln: [sample] label must be between 0 and 9, got 10\n");
  EXPECT_EQ(run_kiln({"score", run, "-o", (folder_ / "scores.csv").string(), "--quiet"}).code, 0);
}

TEST_P(GivenAClass, DataWithoutLabelsAreRefused) {
  const auto out = (folder_ / "run").string();
  const auto table = folder_.write("bits.csv", "0,1,1\n1,0,1\n0,0,1\n1,1,0\n0,1,0\n");
  const auto refused =
      run_kiln({"train", GetParam(), "--data", "csv:" + table + ",binarize=threshold",
                "--condition", "label", "--steps", "5", "--out", out, "--quiet"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_NE(refused.err.find(std::string("[") + GetParam() + ".condition] label needs data"),
            std::string::npos)
      << refused.err;
  EXPECT_FALSE(std::filesystem::exists(out));
}

}  // namespace
}  // namespace kiln
