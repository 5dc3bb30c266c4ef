// `kiln eval --metric ais,ais_gap` beside importance sampling with the encoder.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/cli/tiny_runs.h"

namespace kiln {
namespace {

std::string trained(const TemporaryFolder& folder, const std::vector<std::string>& arguments) {
  const auto run = (folder / "run").string();
  auto all = arguments;
  all.insert(all.begin(), "train");
  for (const char* more : {"--out", run.c_str(), "--threads", "1", "--quiet"}) all.push_back(more);
  const auto result = run_kiln(all);
  EXPECT_EQ(result.code, 0) << result.err;
  return run;
}

std::vector<std::string> small(const char* model, std::vector<std::string> more) {
  std::vector<std::string> all{model,     "--data", "bars:size=3,n=2000,test=20", "--hidden", "16",
                               "--steps", "300"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

nlohmann::json judged(const std::string& run, const std::string& metrics,
                      const std::string& temperatures, const std::string& chains) {
  std::vector<std::string> words{
      "eval", run,      "--metric",           metrics,     "--ais-items", "20", "--ais-chains",
      chains, "--json", "--ais-temperatures", temperatures};
  if (metrics.find("iwae") != std::string::npos) words.insert(words.end(), {"--draws", "2000"});
  return only_object(run_kiln(words));
}

// One step from the prior with many draws is importance sampling without an encoder: all that few
// latent variables need.  Both are below log p(x) and near it, on the same 20 items.
void expect_one_likelihood(const std::string& run) {
  const auto found = judged(run, "ais,ais_gap", "20", "8");
  const double ais = found["metrics"]["ais"];
  EXPECT_NEAR(ais, judged(run, "ais", "1", "10000")["metrics"]["ais"].get<double>(), .1);
  const double gap = found["metrics"]["ais_gap"], error = found["standard_errors"]["ais_gap"];
  EXPECT_GT(gap, -5 * error);
  EXPECT_LT(gap, .3);
  EXPECT_GT(error, 0);
}

TEST(Annealed, EvalOfAVaeAgreesWithImportanceSampling) {
  const TemporaryFolder folder;
  const auto run = trained(folder, small("vae", {"--latent", "3"}));
  expect_one_likelihood(run);
  const auto found = judged(run, "ais,iwae", "20", "8")["metrics"];
  EXPECT_NEAR(found["ais"].get<double>(), found["iwae"].get<double>(), .1);
}

// One chain in two steps is far off on both sides where codes say much of items: the estimate from
// above lies above.
TEST(Annealed, TheGapIsFromBelowToAbove) {
  const TemporaryFolder folder;
  const auto run =
      trained(folder, {"vae", "--data", "ring8:n=2000,test=20", "--decoder", "gaussian", "--sigma",
                       "0.2", "--latent", "2", "--hidden", "16", "--steps", "300"});
  const auto wide = judged(run, "ais_gap", "2", "1");
  EXPECT_GT(wide["metrics"]["ais_gap"].get<double>(),
            3 * wide["standard_errors"]["ais_gap"].get<double>());
}

TEST(Annealed, EvalOfAConditionalVaeIsGivenTheLabel) {
  const TemporaryFolder folder;
  expect_one_likelihood(trained(folder, small("vae", {"--latent", "2", "--condition", "label"})));
}

TEST(Annealed, EvalOfALadder) {
  const TemporaryFolder folder;
  expect_one_likelihood(trained(folder, small("ladder_vae", {"--latents", "3,2"})));
}

TEST(Annealed, EvalRefusesModelsWithoutAnExplicitLikelihood) {
  const auto result = run_kiln({"eval", tiny_run("dcgan"), "--metric", "ais"});
  EXPECT_EQ(result.code, 2);
  EXPECT_NE(result.err.find("latent_joint"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace kiln
