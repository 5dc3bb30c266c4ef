#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "tests/cli/tiny_runs.h"
#include "tests/support/places.h"

namespace kiln {
namespace {

const std::string kSprinkler = std::string(source_folder()) + "/examples/networks/sprinkler.toml";

ProgramResult bayesnet(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"theory", "bayesnet"});
  return run_kiln(arguments);
}

// p(wet) = 0.2 (0.01 0.99 + 0.99 0.8) + 0.8 (0.4 0.9) = 0.16038 + 0.288 = 0.44838.
TEST(Bayesnet, AnswersTheSprinkler) {
  const auto result = only_object(
      bayesnet({kSprinkler, "--query", "Rain | WetGrass=wet", "--parameters", "--json"}));
  EXPECT_NEAR(result["query"]["probabilities"][1].get<double>(), 0.16038 / 0.44838, 1e-12);
  EXPECT_NEAR(result["query"]["log_evidence"].get<double>(), std::log(0.44838), 1e-12);
  EXPECT_EQ(result["query"]["order"], nlohmann::json::array({"Sprinkler"}));
  EXPECT_EQ(result["graph"]["parameters"], 7);
}

TEST(Bayesnet, PrintsTablesThatPeopleCanRead) {
  EXPECT_EQ(bayesnet({kSprinkler, "--query", "Rain, Sprinkler | WetGrass=1"}).out,
            "p(Rain, Sprinkler | WetGrass=wet)\n"
            "  Rain  Sprinkler  probability\n"
            "  no    off           0.000000\n"
            "  no    on            0.642312\n"
            "  yes   off           0.353272\n"
            "  yes   on            0.004416\n"
            "  p(WetGrass=wet) = 0.44838, -0.802114 nats\n"
            "  summed out, min-fill: none\n"
            "  largest table: 4 numbers\n");
  EXPECT_EQ(bayesnet({kSprinkler, "--dsep", "Rain ; WetGrass | Sprinkler"}).out,
            "Rain and WetGrass given Sprinkler: not d-separated, dependent in almost every law of "
            "this graph\n"
            "  open path: Rain -> WetGrass\n");
  const auto graph = bayesnet({kSprinkler}).out;
  EXPECT_NE(graph.find("3 nodes, 3 arrows, 7 free parameters\n"), std::string::npos);
  EXPECT_NE(graph.find("\n  WetGrass            4  dry, wet  <- Sprinkler, Rain\n"),
            std::string::npos)
      << graph;
}

// Samples, tables counted from them, the test of what the graph says, and the likeliest tree.
TEST(Bayesnet, SamplesFitsTestsAndLearnsTrees) {
  const TemporaryFolder folder;
  const auto csv = (folder / "new/rain.csv").string(), fitted = (folder / "fitted.toml").string();
  ASSERT_EQ(bayesnet({kSprinkler, "--sample", "5000", "--seed", "3", "-o", csv}).code, 0);
  const auto rows = contents(csv);
  EXPECT_TRUE(rows.starts_with("Rain,Sprinkler,WetGrass\n"));
  EXPECT_EQ(std::count(rows.begin(), rows.end(), '\n'), 5001);
  ASSERT_EQ(bayesnet({kSprinkler, "--sample", "5000", "--seed", "3", "-o", csv}).code, 0);
  EXPECT_EQ(contents(csv), rows);
  ASSERT_EQ(bayesnet({kSprinkler, "--fit", csv, "--prior", "1", "-o", fitted}).code, 0);
  const auto law = only_object(bayesnet({fitted, "--query", "Rain", "--json"}));
  EXPECT_NEAR(law["query"]["probabilities"][1].get<double>(), 0.2, 4 * std::sqrt(0.16 / 5000));
  const auto test = only_object(bayesnet(
      {kSprinkler, "--gtest", "Rain ; WetGrass | Sprinkler", "--data", csv, "--json"}))["gtest"];
  EXPECT_LT(test["p_value"].get<double>(), 1e-9);
  EXPECT_EQ(test["separated"], false);
  const auto tree = only_object(bayesnet({"--chow-liu", csv, "--root", "Rain", "--json"}));
  EXPECT_EQ(tree["chow_liu"]["root"], "Rain");
  EXPECT_EQ(tree["chow_liu"]["edges"].size(), 2u);
}

TEST(Bayesnet, DrawsTheGraphWithWhatIsKnownInGrey) {
  const TemporaryFolder folder;
  const auto svg = (folder / "graph.svg").string();
  ASSERT_EQ(bayesnet({kSprinkler, "--query", "Rain | WetGrass=wet", "--svg", svg}).code, 0);
  EXPECT_NE(contents(svg).find(">Sprinkler</text>"), std::string::npos);
  EXPECT_NE(contents(svg).find("#cccccc"), std::string::npos);
}

TEST(Bayesnet, AStateWithoutRowsIsNamed) {
  const TemporaryFolder folder;
  const auto csv = (folder / "dry.csv").string();
  std::ofstream(csv) << "Rain,Sprinkler,WetGrass\nno,off,dry\nno,on,dry\nyes,off,dry\nyes,on,dry\n";
  const auto result = bayesnet({kSprinkler, "--fit", csv});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err, "warning: WetGrass=wet never occurs in " + csv +
                            " and gets probability 0; --prior 1 gives it a little\n");
  std::ofstream(csv) << "Rain,Sprinkler,WetGrass\nno,off,dry\nno,on,dry\n";
  const auto unseen = bayesnet({kSprinkler, "--fit", csv});
  EXPECT_EQ(unseen.code, 3);
  EXPECT_EQ(unseen.err, "kiln: [" + csv +
                            "] no row has Rain=yes, so nothing is known about 'Sprinkler' there; "
                            "give --prior 1, or more data\n");
}

TEST(Bayesnet, WrongRequestsAndWrongFilesHaveTheirCodes) {
  const auto refused = [](int code, const std::vector<std::string>& arguments) {
    const auto result = bayesnet(arguments);
    EXPECT_EQ(result.code, code) << result.err;
    EXPECT_EQ(result.out, "");
    return result.err;
  };
  EXPECT_EQ(refused(2, {}),
            "kiln: [bayesnet] needs a network FILE, or --chow-liu FILE.csv to learn one\n");
  EXPECT_EQ(refused(2, {kSprinkler, "--chow-liu", "x.csv"}),
            "kiln: [bayesnet] --chow-liu learns the graph from the table: give no network FILE\n");
  EXPECT_EQ(refused(2, {kSprinkler, "--query", "Rain", "--prior", "1"}),
            "kiln: [bayesnet] --prior belongs to --fit or --chow-liu\n");
  EXPECT_EQ(refused(2, {kSprinkler, "--root", "Rain"}),
            "kiln: [bayesnet] --root belongs to --chow-liu\n");
  EXPECT_EQ(refused(2, {kSprinkler, "--gtest", "Rain ; WetGrass"}),
            "kiln: [bayesnet] --gtest \"A ; B | C\" and --data FILE.csv go together\n");
  EXPECT_EQ(refused(2, {kSprinkler, "--sample", "10"}),
            "kiln: [bayesnet] --sample needs -o FILE.csv\n");
  EXPECT_EQ(refused(2, {kSprinkler, "--sample", "0", "-o", "x.csv"}),
            "kiln: [bayesnet] --sample needs 1 or more rows, got 0\n");
  EXPECT_EQ(refused(2, {kSprinkler, "--sample", "99999999999", "-o", "x.csv"}),
            "kiln: [bayesnet] 99999999999 rows of 3 columns are more than 67108864 cells; draw "
            "fewer\n");
  EXPECT_EQ(refused(2, {kSprinkler, "-o", "x.csv"}),
            "kiln: [bayesnet] -o belongs to --sample, --fit or --chow-liu\n");
  EXPECT_EQ(refused(2, {kSprinkler, "--fit", "x.csv", "-o", "x.csv"}),
            "kiln: [out] needs a name that ends in .toml, got 'x.csv'\n");
  EXPECT_EQ(refused(2, {kSprinkler, "--fit", "x.csv", "--sample", "3", "-o", "x.csv"}),
            "kiln: [bayesnet] -o names one file: give --sample, --fit or --chow-liu alone\n");
  EXPECT_EQ(refused(2, {kSprinkler, "--query", "Rain | Snow=1"}),
            "kiln: [bayesnet] no node 'Snow'. Nodes: Rain, Sprinkler, WetGrass\n");
  EXPECT_EQ(
      refused(2, {kSprinkler, "--query", "Rain | WetGrass=moist"}),
      "kiln: [bayesnet] 'WetGrass' has no state 'moist'. States: dry, wet, or a number from 0 "
      "to 1\n");
  EXPECT_EQ(refused(2, {kSprinkler, "--querry", "Rain"}),
            "kiln: [theory bayesnet] no option '--querry'; did you mean '--query'? `kiln theory "
            "bayesnet --help` lists them\n");
  const TemporaryFolder folder;
  const auto broken = (folder / "net.toml").string();
  std::ofstream(broken) << "[[node]]\nname = \"A\"\nstates = 2\ntable = [0.5, 0.7]\n";
  EXPECT_EQ(refused(3, {broken, "--query", "A"}),
            "kiln: [" + broken +
                "] line 1: node 'A': the row sums to 1.2; its 2 probabilities must sum to 1\n");
}

}  // namespace
}  // namespace kiln
