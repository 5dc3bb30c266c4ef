// What samples are judged by, on tiny runs: sets, modes, labels and codes.
#include <gtest/gtest.h>
#include <torch/script.h>

#include <cmath>
#include <fstream>
#include <map>

#include "kiln/core/rng.h"
#include "kiln/io/image.h"
#include "tests/cli/tiny_runs.h"

namespace kiln {
namespace {

// A run of `model` on `data`, trained when it is first asked for.
std::string run_of(const std::string& model, const std::string& data,
                   const std::vector<std::string>& more) {
  static TemporaryFolder folder;
  static std::map<std::string, std::string> runs;
  if (const auto found = runs.find(model + data); found != runs.end()) return found->second;
  const auto path = (folder / std::to_string(runs.size())).string();
  std::vector<std::string> arguments{"train",    model,     "--data",    data,      "--out",
                                     path,       "--steps", "20",        "--batch", "20",
                                     "--latent", "4",       "--threads", "1"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const auto trained = run_kiln(arguments);
  EXPECT_EQ(trained.code, 0) << trained.err;
  EXPECT_NE(trained.err.find("validation data_coverage"), std::string::npos) << trained.err;
  return runs[model + data] = path;
}

std::string ring() { return run_of("gan", "ring8:n=400,test=300", {"--hidden", "8"}); }

std::string asked_digits() {
  return run_of("gan", "digits:n=200,test=120",
                {"--network", "conv", "--filters", "2", "--condition", "label"});
}

// Features: the 8 x 8 means of a 4 x 4 grid; ten logits of them.
std::string judge(const TemporaryFolder& folder) {
  torch::jit::Module module("judge");
  module.define(R"(
def forward(self, x):
    f = torch.adaptive_avg_pool2d(x.mean(1, True), [4, 4]).flatten(1)
    return (f, 5 * f[:, :10])
)");
  const auto path = (folder / "judge.pt").string();
  module.save(path);
  return path;
}

TEST(Samples, OnThePlaneAreJudgedAsTheyAre) {
  const auto object = only_object(
      run_kiln({"eval", ring(), "--samples", "250", "--json", "--metric",
                "fd,kid,precision,recall,density,coverage,c2st,mmd,energy,parzen,modes"}));
  const auto& metrics = object["metrics"];
  EXPECT_EQ(object["samples"], 250);
  EXPECT_GT(metrics["fd"].get<double>(), 0);
  for (const auto* share :
       {"precision", "recall", "coverage", "c2st", "c2st_p", "mmd_p", "energy_p"}) {
    EXPECT_GE(metrics[share].get<double>(), 0) << share;
    EXPECT_LE(metrics[share].get<double>(), 1) << share;
  }
  EXPECT_LT(metrics["mmd_p"].get<double>(), .01);  // 20 steps do not make a ring
  EXPECT_TRUE(std::isfinite(metrics["parzen"].get<double>()));
  const auto text = run_kiln({"eval", ring(), "--samples", "250", "--metric", "fd,kid"});
  EXPECT_NE(text.out.find("(250 samples, 250 items)"), std::string::npos) << text.out;
}

TEST(Samples, OfImagesAreJudgedThroughANetwork) {
  const TemporaryFolder folder;
  const auto result =
      run_kiln({"eval", asked_digits(), "--samples", "100", "--features", judge(folder), "--metric",
                "fd,precision,inception_score,agreement"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.out.find("through judge.pt"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("of 10 samples of each of 10 classes"), std::string::npos)
      << result.out;
  const auto three = run_kiln(
      {"sample", asked_digits(), "--condition", "label=3", "-o", (folder / "three.png").string()});
  EXPECT_EQ(three.code, 0) << three.err;
}

TEST(Samples, NeedANetworkThatFits) {
  const auto resized = run_kiln({"eval", asked_digits(), "--metric", "fd", "--resize", "32"});
  EXPECT_EQ(resized.code, 2);
  EXPECT_NE(resized.err.find("[eval.resize] belongs to --features FILE"), std::string::npos)
      << resized.err;
  const auto missing =
      run_kiln({"eval", asked_digits(), "--metric", "fd", "--features", "/nowhere.pt"});
  EXPECT_EQ(missing.code, 3) << missing.err;
  const auto table = run_kiln({"eval", ring(), "--metric", "inception_score"});
  EXPECT_EQ(table.code, 2) << table.err;
}

TEST(Samples, OfAStackAreCountedPlaneByPlane) {
  const TemporaryFolder folder;
  const auto run = run_of("gan", "stacked:digits,n=200,test=50,of.n=100,of.test=50",
                          {"--network", "conv", "--filters", "2"});
  const auto object =
      only_object(run_kiln({"eval", run, "--samples", "200", "--features", judge(folder),
                            "--metric", "modes,modes_kl", "--json"}));
  EXPECT_GE(object["metrics"]["modes"].get<double>(), 1);
  EXPECT_LE(object["metrics"]["modes_kl"].get<double>(), std::log(1000.));
  const auto quality =
      run_kiln({"eval", run, "--features", judge(folder), "--metric", "high_quality"});
  EXPECT_EQ(quality.code, 2);
  EXPECT_NE(quality.err.find("known of modes on the plane alone"), std::string::npos)
      << quality.err;
}

TEST(Samples, CodesAreReadBackAndDrawn) {
  const TemporaryFolder folder;
  const auto run = run_of("infogan", "digits:n=200,test=60", {"--filters", "2"});
  const auto object = only_object(run_kiln({"eval", run, "--samples", "60", "--json"}));
  const auto& metrics = object["metrics"];
  EXPECT_LE(metrics["information_categorical0"].get<double>(), std::log(10.));
  EXPECT_TRUE(metrics.contains("information_continuous1"));
  EXPECT_GE(metrics["code_accuracy"].get<double>(), .1);
  const auto picture = (folder / "codes.png").string();
  const auto drawn = only_object(run_kiln({"traverse", run, "-o", picture, "--json"}));
  EXPECT_EQ(drawn["columns"], 10);
  EXPECT_EQ(drawn["codes"].size(), 3u);
  const auto image = read_image(picture);
  EXPECT_GT(image.height, 25 * 28);  // five rows of classes, ten of each number
  for (const std::vector<std::string>& wrong : std::vector<std::vector<std::string>>{
           {"--steps", "5"}, {"--low", "2.5"}, {"--split", "test"}}) {
    std::vector<std::string> arguments{"traverse", run, "-o", picture};
    arguments.insert(arguments.end(), wrong.begin(), wrong.end());
    EXPECT_EQ(run_kiln(arguments).code, 2) << wrong[0];
  }
}

// Two far clusters, one after the other in the file: a test that looked at the first 2000 rows
// would see one of them.
TEST(Samples, DataSortedByClassAreJudgedAsAWhole) {
  const TemporaryFolder folder;
  const auto csv = folder / "sorted.csv";
  Rng rng(1);
  const auto noise = rng.normal({5000, 2});
  {
    std::ofstream file(csv);
    for (std::int64_t i = 0; i < 5000; ++i)
      file << noise[i][0].item<double>() + (i < 2500 ? 0 : 20) << ',' << noise[i][1].item<double>()
           << '\n';
  }
  const auto run = (folder / "run").string(), data = "csv:" + csv.string() + ",values=real";
  ASSERT_EQ(run_kiln({"train", "gaussian_mixture", "--data", data, "--components", "2", "--epochs",
                      "100", "--out", run, "--threads", "1", "--quiet"})
                .code,
            0);
  const auto found = only_object(
      run_kiln({"eval", run, "--data", data, "--metric", "energy", "--samples", "5000", "--json"}));
  EXPECT_GT(found["metrics"]["energy_p"].get<double>(), .01);
}

}  // namespace
}  // namespace kiln
