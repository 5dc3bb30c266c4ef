// A training without flags follows the model's recipe, says so, and can be repeated from its
// report.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/cli/run_program.h"

namespace kiln {
namespace {

struct Trained {
  std::string config, notes, repeat;
};

Trained train(const std::vector<std::string>& words, const std::string& out) {
  auto arguments = words;
  arguments.insert(arguments.end(), {"--out", out});
  const auto result = run_kiln(arguments);
  EXPECT_EQ(result.code, 0) << result.err;
  const auto page = contents(std::filesystem::path(out) / "report.html");
  const auto first = page.find("kiln train ");
  return {contents(std::filesystem::path(out) / "config.toml"), result.err,
          page.substr(first, page.find('<', first) - first)};
}

// Words of a command without quotes, but for its --out.
std::vector<std::string> words_of(const std::string& command) {
  std::istringstream text(command.substr(0, command.find(" --out")));
  std::vector<std::string> words;
  for (std::string word; text >> word;) words.push_back(word);
  words.erase(words.begin());  // kiln
  return words;
}

TEST(BareCommand, IsFollowedSaidAndRepeatedByTheReport) {
  const TemporaryFolder folder;
  const struct {
    std::vector<std::string> words;
    const char* recipe;
    std::vector<const char*> settings;
  } cases[] = {
      {{"gan", "--data", "ring8:n=300"},
       "recipe for points of the plane, no remedy of mode collapse among the flags",
       {"minibatch_deviation = true", "ema = 0.995", "batch = 128", "hidden = 256"}},
      {{"gan", "--data", "ring8:n=300", "--unroll", "2", "--ema", "0", "--critic-rate", "0.25"},
       "recipe for points of the plane, looking ahead",
       {"critic_rate = 0.25", "generator_rate = 0.001", "ema = 0.0", "batch = 128"}},
      {{"gan", "--data", "ring8:n=300", "--minibatch-deviation"},
       "recipe for points of the plane:",
       {"latent = 16", "minibatch_deviation = true"}},
      {{"nade", "--data", "bars:size=3"}, "recipe for all data", {"ema = 0.999"}},
      {{"vae", "--data", "digits:n=200", "--decoder", "logistic", "--latent", "3"},
       "recipe for dense layers",
       {"hidden = 400", "latent = 3"}},
      {{"kmeans", "--data", "ring8:n=300"}, "recipe for all data", {"batch = 300"}},
  };
  int number = 0;
  for (const auto& [words, recipe, settings] : cases) {
    const auto path = (folder / std::to_string(++number)).string();
    auto command = words;
    command.insert(command.begin(), "train");
    command.insert(command.end(), {"--steps", "4", "--threads", "1"});
    const auto first = train(command, path);
    EXPECT_NE(first.notes.find(recipe), std::string::npos) << first.notes;
    for (const auto* setting : settings)
      EXPECT_NE(first.config.find(setting), std::string::npos) << setting << "\n" << first.config;
    const auto again = train(words_of(first.repeat), path + "again");
    EXPECT_EQ(again.config, first.config) << first.repeat;
  }
}

TEST(BareCommand, StandsInTheListOfModels) {
  const auto text = run_kiln({"models", "nade"});
  EXPECT_NE(text.out.find("recipe: the first that fits"), std::string::npos) << text.out;
  const auto object = nlohmann::json::parse(run_kiln({"models", "gan", "--json"}).out);
  EXPECT_EQ(object["recipes"][0]["when"], "points of the plane, looking ahead");
  EXPECT_EQ(object["recipes"][0]["settings"]["steps"], "8000");
}

// A length that somebody says is the whole length, and one beyond counting is refused.
TEST(BareCommand, LeavesTheLengthToWhoSaysIt) {
  const TemporaryFolder folder;
  const auto epochs = train({"train", "nade", "--data", "bars:size=3", "--epochs", "2", "--batch",
                             "10", "--validation-fraction", "0.2"},
                            folder / "epochs");
  EXPECT_NE(epochs.config.find("least_steps = 0"), std::string::npos) << epochs.config;
  for (const auto* many :
       {"4611686018427387904", "99999999999999999999", "1e300", "900000000000"}) {
    const auto refused = run_kiln({"train", "nade", "--data", "bars:size=3", "--batch", "1",
                                   "--epochs", many, "--out", folder / "refused"});
    EXPECT_EQ(refused.code, 2) << many << refused.err;
    EXPECT_FALSE(std::filesystem::exists(folder / "refused"));
  }
  for (const auto* steps : {"99999999999999999999", "0", "-3", "many"}) {
    const auto refused = run_kiln({"resume", folder / "epochs", "--steps", steps});
    EXPECT_EQ(refused.code, 2) << steps << refused.err;
  }
}

}  // namespace
}  // namespace kiln
