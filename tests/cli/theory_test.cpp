#include <gtest/gtest.h>

#include <cmath>

#include "kiln/io/atomic_file.h"
#include "tests/cli/tiny_runs.h"

namespace kiln {
namespace {

TEST(Theory, CountsTheLecturesParameters) {
  const auto result = only_object(run_kiln({"theory", "params", "--n", "784", "--json"}));
  EXPECT_EQ(result["laws"]["joint"]["text"], "1.02e236");
  EXPECT_TRUE(result["laws"]["joint"]["parameters"].is_null());
  EXPECT_EQ(result["laws"]["independent"]["parameters"], 784);
  EXPECT_EQ(result["laws"]["markov"]["parameters"], 1567);
  EXPECT_EQ(result["laws"]["markov_homogeneous"]["parameters"], 3);
  EXPECT_EQ(result["laws"]["rgb_pixel"]["parameters"], 16777215);
}

TEST(Theory, DrawsThem) {
  const TemporaryFolder folder;
  const auto file = (folder / "params.svg").string();
  ASSERT_EQ(run_kiln({"theory", "params", "--n", "30", "--order", "3", "--out", file}).code, 0);
  const auto svg = contents(file);
  EXPECT_NE(svg.find("AR-3, homogeneous"), std::string::npos);
  EXPECT_NE(svg.find("joint table"), std::string::npos);
}

TEST(Theory, ShowsThePathOfAnOrdering) {
  const auto result = only_object(run_kiln(
      {"theory", "ordering", "--kind", "spiral", "--height", "2", "--width", "3", "--json"}));
  EXPECT_EQ(result["order"], (std::vector<int>{0, 1, 2, 5, 4, 3}));
  EXPECT_EQ(result["inverse"], (std::vector<int>{0, 1, 2, 5, 4, 3}));
  EXPECT_EQ(result["mean_jump"], 1);
  const auto text =
      run_kiln({"theory", "ordering", "--kind", "column", "--height", "2", "--width", "2"});
  EXPECT_EQ(text.out,
            "column, 2 x 2: 4 steps, 1.333 cells a step in the mean\n   1   3\n   2   4\n");
  const auto wrong = run_kiln({"theory", "ordering", "--kind", "spirale"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_TRUE(wrong.err.starts_with(
      "kiln: [ordering.kind] no ordering 'spirale'; did you mean 'spiral'? Orderings: raster"));
}

TEST(Theory, ShowsAnOrderingOfTheUsersOwn) {
  const TemporaryFolder folder;
  const auto file = (folder / "order.txt").string();
  write_file_atomically(file, "3 1\n0 2\n");
  const std::vector<std::string> own{"theory",  "ordering", "--kind", "file", "--height", "2",
                                     "--width", "2",        "--file", file,   "--json"};
  EXPECT_EQ(only_object(run_kiln(own))["order"], (std::vector<int>{3, 1, 0, 2}));
  write_file_atomically(file, "3 1 0");
  EXPECT_EQ(run_kiln(own).err,
            "kiln: [" + file + "] must list each of the 4 numbers of x once, got 3\n");
  EXPECT_EQ(run_kiln({"theory", "ordering", "--kind", "file"}).err,
            "kiln: [ordering.file] --kind file needs --file FILE\n");
  EXPECT_EQ(run_kiln({"theory", "ordering", "--file", file}).err,
            "kiln: [ordering.file] belongs to --kind file, not raster\n");
}

TEST(Theory, MeasuresTwoLawsOnTheLine) {
  const auto result = only_object(run_kiln({"theory", "divergence", "--p", "normal:0,1", "--q",
                                            "normal:1,1.5", "--alpha", "2", "--json"}));
  EXPECT_NEAR(result["kl"].get<double>(), std::log(1.5) + 2 / 4.5 - .5, 1e-9);
  EXPECT_EQ(result["reverse_kl"], result["swapped"]["kl"]);
  EXPECT_NEAR(result["alpha:2"].get<double>(), result["pearson"].get<double>() / 2, 1e-9);
  EXPECT_NEAR(result["gan"].get<double>(), 2 * result["js"].get<double>() - std::log(4.), 1e-9);
  EXPECT_TRUE(result["neyman"].is_null());  // infinite
  EXPECT_FALSE(result["swapped"]["neyman"].is_null());
  EXPECT_EQ(run_kiln({"theory", "divergence", "--p", "normal:0,0"}).err,
            "kiln: [divergence.p] a normal law needs a deviation above 0, got 0\n");
  EXPECT_EQ(run_kiln({"theory", "divergence", "--alpha", "1"}).code, 2);
}

TEST(Theory, ReadsAHistogram) {
  const TemporaryFolder folder;
  const auto file = (folder / "bins.csv").string();
  const auto w1 = [&] {
    return run_kiln(
        {"theory", "divergence", "--p", "histogram:" + file, "--q", "uniform:0,2", "--json"});
  };
  write_file_atomically(file, "low,high,weight\n0,1,3\n1,2,1\n");
  EXPECT_NEAR(only_object(w1())["tv"].get<double>(), .25, 1e-9);
  EXPECT_NEAR(only_object(w1())["w1"].get<double>(), .25, 1e-9);
  write_file_atomically(file, "low,high,weight\n0,1,3\n1,two,1\n");
  EXPECT_EQ(w1().code, 3);
  EXPECT_NE(w1().err.find("line 3 needs three numbers"), std::string::npos);
  write_file_atomically(file, "low,high,weight\n0,1,3\n1,0,1\n");
  EXPECT_NE(w1().err.find("needs ends in order"), std::string::npos);
}

TEST(Theory, ConjugatesTwiceAndDrawsIt) {
  const TemporaryFolder folder;
  const auto file = (folder / "f.svg").string();
  const auto result =
      only_object(run_kiln({"theory", "conjugate", "--f", "pearson", "-o", file, "--json"}));
  for (const auto& point : result["points"]) {
    EXPECT_NEAR(point["conjugate"].get<double>(), point["conjugate_by_search"].get<double>(), 1e-6);
    EXPECT_NEAR(point["biconjugate"].get<double>(), point["f"].get<double>(), 1e-6);
    EXPECT_NEAR(point["fenchel_young_gap"].get<double>(), 0, 1e-12);
  }
  EXPECT_NE(contents(file).find("its conjugate"), std::string::npos);
}

TEST(Theory, TrainsACriticOfTwoKnownLaws) {
  const TemporaryFolder folder;
  const auto file = (folder / "gan.svg").string();
  const auto result =
      only_object(run_kiln({"theory", "gan", "--q", "uniform:-1,3", "-o", file, "--json"}));
  EXPECT_NEAR(result["best_value"].get<double>(), 2 * result["js"].get<double>() - std::log(4.),
              1e-9);
  EXPECT_NEAR(result["js"].get<double>(), result["mutual_information"].get<double>(), 1e-8);
  EXPECT_LT(result["trained_value"].get<double>(), result["best_value"].get<double>() + 1e-3);
  EXPECT_NE(contents(file).find("trained D"), std::string::npos);
}

TEST(Theory, UnknownTopicsAndWrongNumbersAreRefused) {
  const auto refused = [](const std::vector<std::string>& arguments) {
    const auto result = run_kiln(arguments);
    EXPECT_EQ(result.code, 2) << result.err;
    return result.err;
  };
  EXPECT_TRUE(refused({"theory", "parms"})
                  .starts_with("kiln: [theory] no topic 'parms'; did you mean 'params'? Topics: "));
  EXPECT_TRUE(refused({"theory"}).starts_with("kiln: [theory] needs a topic: params"));
  EXPECT_EQ(refused({"theory", "params", "--n", "4", "--order", "4"}),
            "kiln: [parameters] the order must be between 0 and 3, got 4\n");
  EXPECT_EQ(refused({"theory", "params", "--ordre", "4"}),
            "kiln: [theory params] no option '--ordre'; did you mean '--order'? `kiln theory "
            "params --help` lists them\n");
  EXPECT_EQ(refused({"theory", "params", "--out", "x.png"}),
            "kiln: [out] needs a name that ends in .svg, got 'x.png'\n");
}

}  // namespace
}  // namespace kiln
