#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/cli/run_program.h"

namespace kiln {
namespace {

// What may stand at the last word.
std::vector<std::string> candidates_at(std::vector<std::string> words) {
  words.insert(words.begin(), {"completion", "candidates", "--"});
  const auto result = run_kiln(words);
  EXPECT_EQ(result.code, 0) << result.err;
  std::vector<std::string> found;
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line);)
    found.push_back(line.substr(0, line.find('\t')));
  return found;
}

bool holds(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

TEST(Completion, CommandsTopicsModelsAndSources) {
  EXPECT_TRUE(holds(candidates_at({}), "train"));
  EXPECT_TRUE(holds(candidates_at({"tr"}), "completion"));
  EXPECT_TRUE(holds(candidates_at({"theory", ""}), "bayesnet"));
  EXPECT_TRUE(holds(candidates_at({"data", ""}), "get"));
  EXPECT_TRUE(holds(candidates_at({"data", ""}), "digits"));
  EXPECT_TRUE(holds(candidates_at({"data", "digits", "-"}), "--skip-bad"));
  EXPECT_TRUE(holds(candidates_at({"data", "get", ""}), "cifar10"));
  EXPECT_TRUE(holds(candidates_at({"data", "get", "mnist", "-"}), "--from"));
  EXPECT_TRUE(holds(candidates_at({"train", ""}), "ladder_vae"));
  EXPECT_TRUE(holds(candidates_at({"train", "--data", "digits", ""}), "nade"));
  EXPECT_TRUE(holds(candidates_at({"train", "nade", "--data", ""}), "ring8"));
  EXPECT_TRUE(holds(candidates_at({"data", ""}), "shapes"));
}

TEST(Completion, OptionsOfTheModelThatTheLineNames) {
  const auto vae = candidates_at({"train", "vae", "--"});
  EXPECT_TRUE(holds(vae, "--decoder"));
  EXPECT_TRUE(holds(vae, "--learning-rate"));
  EXPECT_FALSE(holds(vae, "--data-dim"));  // the data say it
  EXPECT_FALSE(holds(candidates_at({"train", "nade", "--"}), "--decoder"));
  EXPECT_FALSE(holds(candidates_at({"train", "gan", "--out", "vae", "--"}), "--decoder"));
  EXPECT_TRUE(holds(candidates_at({"sample", "r", "--help"}), "--temperature"));
  EXPECT_TRUE(holds(candidates_at({"theory", "gan", "-"}), "--p"));
}

TEST(Completion, ValuesOfOptions) {
  EXPECT_EQ(candidates_at({"train", "vae", "--decoder", "g"}),
            (std::vector<std::string>{"bernoulli", "gaussian", "categorical", "logistic"}));
  EXPECT_EQ(candidates_at({"eval", "r", "--split", ""}),
            (std::vector<std::string>{"train", "valid", "test"}));
  EXPECT_TRUE(holds(candidates_at({"eval", "r", "--metric", ""}), "fd"));
  EXPECT_FALSE(holds(candidates_at({"eval", "r", "--metric", ""}), "information_PART"));
  EXPECT_EQ(candidates_at({"probe", "r", "--split", ""}),
            (std::vector<std::string>{"valid", "test"}));
  EXPECT_TRUE(holds(candidates_at({"-"}), "--help"));
}

// There the shells complete names of files.
TEST(Completion, NothingWhereAFileOrANumberIsMeant) {
  EXPECT_TRUE(candidates_at({"sample", ""}).empty());
  EXPECT_TRUE(candidates_at({"train", "vae", "--hidden", ""}).empty());
  EXPECT_TRUE(candidates_at({"train", "vae", ""}).empty());
  EXPECT_TRUE(candidates_at({"nothing", ""}).empty());
  EXPECT_TRUE(candidates_at({"theory", "bayesnet", "x", "--data", ""}).empty());
  const auto json = nlohmann::json::parse(
      run_kiln({"completion", "candidates", "--json", "--", "sample", ""}).out);
  EXPECT_TRUE(json.at("candidates").empty());
}

// Bash as a person's line would call it; it splits a line at ':' and '=', too.
std::string completed_by_bash(const std::string& line, const std::string& words) {
  const auto script =
      "PATH=$1:$PATH; source <(kiln completion bash); COMP_LINE=$2; COMP_POINT=${#COMP_LINE}; "
      "COMP_WORDS=(kiln " +
      words + "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _kiln; echo \"${COMPREPLY[@]}\"";
  const auto folder = std::filesystem::path(program_path()).parent_path().string();
  const auto result = run_program("/bin/bash", {"-c", script, "bash", folder, line});
  EXPECT_EQ(result.err, "");
  return result.out;
}

TEST(Completion, BashTakesWhatFits) {
  EXPECT_EQ(completed_by_bash("kiln tr", "tr"), "train traverse translate\n");
  EXPECT_EQ(completed_by_bash("kiln train va", "train va"), "vae\n");
  EXPECT_EQ(completed_by_bash("kiln train vae --decoder=g", "train vae --decoder = g"),
            "gaussian\n");
  EXPECT_EQ(completed_by_bash("kiln train vae --decoder=", "train vae --decoder ="),
            "bernoulli gaussian categorical logistic\n");
  EXPECT_EQ(
      completed_by_bash("kiln train --data digits:n=20 na", "train --data digits : n = 20 na"),
      "nade\n");
  EXPECT_EQ(completed_by_bash("kiln sample ", "sample ''"), "\n");
}

TEST(Completion, OtherShellsAndRefusals) {
  EXPECT_NE(run_kiln({"completion", "zsh"}).out.find("#compdef kiln"), std::string::npos);
  EXPECT_NE(run_kiln({"completion", "fish"}).out.find("complete -c kiln"), std::string::npos);
  EXPECT_EQ(run_kiln({"completion", "tcsh"}).code, 2);
  EXPECT_EQ(run_kiln({"completion", "bash", "more"}).code, 2);
}

}  // namespace
}  // namespace kiln
