// A run that is killed and resumed ends in the same bytes as one that was never broken, for every
// model.
#include <gtest/gtest.h>

#include "tests/cli/run_program.h"

namespace kiln {
namespace {

std::vector<std::string> training(const std::string& model, const std::string& out) {
  std::vector<std::string> arguments{"train",
                                     model,
                                     "--data",
                                     "digits:n=400,test=50",
                                     "--out",
                                     out,
                                     "--steps",
                                     "200",
                                     "--batch",
                                     "16",
                                     "--checkpoint-every",
                                     "100",
                                     "--validate-every",
                                     "40",
                                     "--ema",
                                     "0.99",
                                     "--schedule",
                                     "cosine",
                                     "--threads",
                                     "2",
                                     "--quiet"};
  const std::vector<std::string> small =
      model == "dcgan" ? std::vector<std::string>{"--filters", "4", "--latent", "8"}
                       : std::vector<std::string>{"--hidden", "16"};
  arguments.insert(arguments.end(), small.begin(), small.end());
  return arguments;
}

void killed_run_equals_unbroken(const std::string& model) {
  const TemporaryFolder folder;
  const auto whole = (folder / "whole").string(), broken = (folder / "broken").string();
  ASSERT_EQ(run_kiln(training(model, whole)).code, 0);

  const auto first = folder / "broken/checkpoints/step-00000100.safetensors";
  const auto killed = run_kiln(training(model, broken), [&](pid_t child) {
    if (std::filesystem::exists(first)) kill(child, SIGKILL);
  });
  ASSERT_EQ(killed.code, 128 + SIGKILL);
  const auto resumed = run_kiln({"resume", broken});
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_NE(resumed.err.find("resuming from step 100 of 200"), std::string::npos) << resumed.err;

  for (const auto* file :
       {"checkpoints/step-00000200.safetensors", "checkpoints/best.safetensors", "config.toml"}) {
    if (!std::filesystem::exists(folder / (std::string("whole/") + file))) continue;
    EXPECT_TRUE(contents(folder / (std::string("whole/") + file)) ==
                contents(folder / (std::string("broken/") + file)))
        << file;
  }
}

// One pass of 1250 batches, killed in the middle of it.
TEST(Resume, KilledMarkovEqualsUnbroken) {
  const TemporaryFolder folder;
  const auto training_into = [&](const char* out) {
    return std::vector<std::string>{"train",
                                    "markov",
                                    "--data",
                                    "digits:n=20000,test=50,levels=4",
                                    "--order-k",
                                    "3",
                                    "--batch",
                                    "16",
                                    "--checkpoint-every",
                                    "100",
                                    "--threads",
                                    "2",
                                    "--quiet",
                                    "--out",
                                    (folder / out).string()};
  };
  ASSERT_EQ(run_kiln(training_into("whole")).code, 0);
  const auto first = folder / "broken/checkpoints/step-00000100.safetensors";
  const auto killed = run_kiln(training_into("broken"), [&](pid_t child) {
    if (std::filesystem::exists(first)) kill(child, SIGKILL);
  });
  ASSERT_EQ(killed.code, 128 + SIGKILL);
  EXPECT_FALSE(std::filesystem::exists(folder / "broken/checkpoints/best.safetensors"));
  const auto resumed = run_kiln({"resume", (folder / "broken").string()});
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  for (const auto* file :
       {"checkpoints/step-00001250.safetensors", "checkpoints/best.safetensors", "config.toml"})
    EXPECT_TRUE(contents(folder / "whole" / file) == contents(folder / "broken" / file)) << file;
}

TEST(Resume, KilledNadeEqualsUnbroken) { killed_run_equals_unbroken("nade"); }
TEST(Resume, KilledVaeEqualsUnbroken) { killed_run_equals_unbroken("vae"); }
TEST(Resume, KilledDcganEqualsUnbroken) { killed_run_equals_unbroken("dcgan"); }

}  // namespace
}  // namespace kiln
