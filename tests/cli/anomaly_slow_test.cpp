// kiln score --ood on tiny runs: the figures are those of the table, the corrections are what they
// say, and a run is not asked about what it learned from.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "kiln/data/csv.h"
#include "kiln/data/source.h"
#include "tests/cli/tiny_runs.h"
#include "tests/data/synthetic/items.h"

namespace kiln {
namespace {

struct Table {
  std::vector<std::string> names;
  std::vector<std::vector<float>> rows;
};

Table table_in(const std::string& csv) {
  const auto data = open_source(parse_source("csv:" + csv + ",values=real")).splits.train;
  Table table{data->info().columns, {}};
  for (std::int64_t i = 0; i < data->size(); ++i) table.rows.push_back(read_item(*data, i).x);
  return table;
}

// P(a strange item's figure is lower) + P(equal) / 2.
double area_of(const Table& table, std::size_t column) {
  double wins = 0, pairs = 0;
  for (const auto& out : table.rows)
    for (const auto& in : table.rows)
      if (out[1] == 1 && in[1] == 0) {
        wins += out[column] < in[column] ? 1 : out[column] == in[column] ? 0.5 : 0;
        ++pairs;
      }
  return wins / pairs;
}

std::string refusal(const std::vector<std::string>& arguments) {
  const auto result = run_kiln(arguments);
  EXPECT_EQ(result.code, 2) << result.out;
  return result.err;
}

TEST(Anomaly, TheAreaIsThatOfTheTableAndPicturesLieBesideIt) {
  const TemporaryFolder folder;
  const auto csv = (folder / "s.csv").string();
  const auto object =
      only_object(run_kiln({"score", tiny_run("nade"), "--ood",
                            "digits:seed=9,n=30,test=25,noise=0.3", "-o", csv, "--json"}));
  const auto table = table_in(csv);
  EXPECT_EQ(table.names, (std::vector<std::string>{"index", "ood", "log_prob"}));
  EXPECT_EQ(table.rows.size(), 40u + 25);
  EXPECT_EQ(object["rows"], 40);
  EXPECT_EQ(object["ood_rows"], 25);
  EXPECT_EQ(object["score"], "log_prob");
  EXPECT_NEAR(object["auroc"].get<double>(), area_of(table, 2), 1e-6);
  EXPECT_GT(object["auroc"].get<double>(), 0.9);  // noise is strange
  EXPECT_GT(object["figures"]["log_prob"]["mean"].get<double>(),
            object["figures"]["log_prob"]["ood_mean"].get<double>());
  for (const auto* name : {"s-roc.svg", "s-log_prob.svg"})
    EXPECT_TRUE(contents(folder / name).starts_with("<")) << name;
}

// A large error is strange where a large density is not.
TEST(Anomaly, ErrorsOfReconstructionRiseWithStrangeness) {
  const TemporaryFolder folder;
  const auto csv = (folder / "s.csv").string();
  const auto object =
      only_object(run_kiln({"score", tiny_run("autoencoder"), "--ood",
                            "digits:seed=9,n=30,test=25,noise=0.3", "-o", csv, "--json"}));
  EXPECT_EQ(object["score"], "reconstruction_error");
  EXPECT_NEAR(object["auroc"].get<double>(), 1 - area_of(table_in(csv), 2), 1e-6);
  EXPECT_GT(object["auroc"].get<double>(), 0.9);  // noise is strange
}

TEST(Anomaly, CorrectionsAreTheDifferencesThatTheyName) {
  const TemporaryFolder folder;
  const auto background = (folder / "background").string(), csv = (folder / "s.csv").string();
  auto training = tiny_training("nade", background);
  training[3] = "digits:n=200,test=40,noise=0.5";
  training.pop_back();
  training.pop_back();  // another size of network
  training.insert(training.end(), {"--hidden", "4"});
  std::erase(training, "--quiet");
  const auto trained = run_kiln(training);
  ASSERT_EQ(trained.code, 0) << trained.err;
  EXPECT_NE(trained.err.find("50 % of the numbers replaced by noise"), std::string::npos);
  const auto object = only_object(
      run_kiln({"score", tiny_run("nade"), "--ood", "bars:size=28,n=20,test=0", "--background",
                background, "--complexity", "png", "--items", "15", "-o", csv, "--json"}));
  const auto table = table_in(csv);
  EXPECT_EQ(table.names,
            (std::vector<std::string>{"index", "ood", "log_prob", "background_log_prob",
                                      "log_prob_ratio", "png_bits", "log_prob_plus_png"}));
  ASSERT_EQ(table.rows.size(), 30u);
  for (const auto& row : table.rows) {
    EXPECT_NEAR(row[4], row[2] - row[3], 1e-2);
    EXPECT_NEAR(row[6], row[2] + row[5] * std::numbers::ln2_v<float>, 1e-2);
    EXPECT_NE(row[2], row[3]);
    EXPECT_EQ(std::fmod(row[5], 8.0f), 0);
  }
  EXPECT_EQ(object["score"], "log_prob_plus_png");
  for (const auto& [name, column] :
       {std::pair("log_prob", 2u), {"log_prob_ratio", 4u}, {"log_prob_plus_png", 6u}})
    EXPECT_NEAR(object["figures"][name]["auroc"].get<double>(), area_of(table, column), 0.005);
}

TEST(Anomaly, RefusesWhatTheRunLearnedFromAndWhatDoesNotGoTogether) {
  const auto run = tiny_run("nade"), data = small_data("nade");
  const std::string learned =
      "kiln: [score.ood] these are the items that the run learned from, so it knows them too well; "
      "leave --data out, or take --split test or valid\n";
  EXPECT_EQ(refusal({"score", run, "--ood", "bars:size=28", "--split", "train"}), learned);
  EXPECT_EQ(refusal({"score", run, "--ood", "bars:size=28", "--data", data}), learned);
  EXPECT_EQ(refusal({"score", run, "--background", run}),
            "kiln: [score] --background, --complexity and --items go with --ood SPEC, strange "
            "items\n");
  EXPECT_TRUE(
      refusal({"score", run, "--ood", "bars:size=28,n=9,test=0", "--background", tiny_run("joint")})
          .find("takes other items than the run") != std::string::npos);
  EXPECT_EQ(refusal({"score", tiny_run("dcgan"), "--ood", "digits:seed=3,n=9,test=5",
                     "--complexity", "png"}),
            "kiln: [score] a correction needs log_prob or a bound, and the run's figure is "
            "realness_logit\n");
}

}  // namespace
}  // namespace kiln
