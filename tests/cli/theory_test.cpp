#include <gtest/gtest.h>

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
