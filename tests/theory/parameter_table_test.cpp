// needs: base
#include "kiln/theory/parameter_table.h"

#include <gtest/gtest.h>

namespace kiln {
namespace {

TEST(ParameterTable, ShowsTheLecturesNumbers) {
  const auto rows = parameter_table(784, 2, 1);
  std::vector<std::string> text;
  for (const auto& row : rows)
    text.push_back(row.key + " " + row.count.text() + " = " + row.formula);
  EXPECT_EQ(text, (std::vector<std::string>{
                      "joint 1.02e236 = 2^784 - 1",
                      "chain_rule 1.02e236 = 1 + 2 + 4 + ... + 2^783",
                      "independent 784 = 784 x 1",
                      "markov 1567 = 2^1 - 1 + 783 x 1 x 2^1",
                      "markov_homogeneous 3 = 2^1 - 1 + 1 x 2^1",
                      "rgb_pixel 16777215 = 256^3 - 1",
                  }));
}

TEST(ParameterTable, ShortSumsAreWrittenOut) {
  EXPECT_EQ(parameter_table(4, 3, 0)[1].formula, "2 + 6 + 18 + 54");
  EXPECT_EQ(parameter_table(1, 7, 0)[1].formula, "6");
  EXPECT_EQ(parameter_table(9, 3, 0)[1].formula, "2 + 6 + 18 + ... + 2 3^8");
}

TEST(ParameterTable, CrossoversAreWhereTheCountsCross) {
  for (std::int64_t q : {2, 3, 4})
    for (std::int64_t k : {0, 1, 2, 3}) {
      const auto crossover = parameter_crossover(q, k);
      const auto n = crossover.joint_until;
      EXPECT_EQ(markov_parameters(n, q, k).exact(), joint_parameters(n, q).exact());
      EXPECT_LT(markov_parameters(n + 1, q, k).exact(), joint_parameters(n + 1, q).exact());
      const auto from = std::stoll(crossover.homogeneous_wins_from);
      EXPECT_LT(homogeneous_parameters(from, q, k).exact(),
                independent_parameters(from, q).exact());
      EXPECT_GE(homogeneous_parameters(from - 1, q, k).exact(),
                independent_parameters(from - 1, q).exact());
    }
  EXPECT_EQ(parameter_crossover(2, 100).homogeneous_wins_from, "about 10^30.4");
}

TEST(ParameterTable, ThePlotNamesEveryLaw) {
  const auto svg = parameter_plot(784, 2, 3);
  for (const auto* name : {"joint table", "AR-3, by position", "AR-3, homogeneous", "independent"})
    EXPECT_NE(svg.find(name), std::string::npos) << name;
  EXPECT_NE(svg.find("1.02e236"), std::string::npos);
}

}  // namespace
}  // namespace kiln
