// needs: base
#include "kiln/graphical/counting.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/graphical/random_network.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

const std::string kTable = "B,extra,A\nx,1,yes\nx,2,no\ny,3,no\nx,4,no\n";

Dag two_nodes() { return Dag({{"A", {"no", "yes"}}, {"B", {"x", "y"}, {0}}}); }

DiscreteColumns read(const std::string& text, const Dag& dag) {
  const TemporaryFolder folder;
  write_plainly(folder / "data.csv", text);
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < dag.size(); ++i) all.push_back(i);
  auto data = read_columns(folder / "data.csv", dag, all);
  data.name = "data.csv";
  return data;
}

TEST(DiscreteColumns, AreTakenByNameAndStatesByTheirNames) {
  const auto data = read(kTable, two_nodes());
  EXPECT_EQ(data.columns[0], (std::vector<std::uint16_t>{1, 0, 0, 0}));
  EXPECT_EQ(data.columns[1], (std::vector<std::uint16_t>{0, 0, 1, 0}));
}

TEST(DiscreteColumns, AllColumnsSortNumbersByValueAndTextsByTheAlphabet) {
  const TemporaryFolder folder;
  write_plainly(folder / "data.csv", "n;t\n10;b\n9;a\n-1;b\n9;C\n");
  const auto table = read_all_columns(folder / "data.csv");
  EXPECT_EQ(table.nodes[0].states, (std::vector<std::string>{"-1", "9", "10"}));
  EXPECT_EQ(table.nodes[1].states, (std::vector<std::string>{"C", "a", "b"}));
  EXPECT_EQ(table.data.columns[0], (std::vector<std::uint16_t>{2, 1, 0, 1}));
  EXPECT_EQ(table.data.columns[1], (std::vector<std::uint16_t>{2, 1, 2, 0}));
}

std::string refusal(const std::string& text) {
  const TemporaryFolder folder;
  const auto path = folder / "data.csv";
  write_plainly(path, text);
  const auto message = message_of<IoError>([&] { read_columns(path, two_nodes(), {0, 1}); });
  return message.substr(message.find("data.csv"));
}

std::string refusal_of_all(const std::string& text) {
  const TemporaryFolder folder;
  write_plainly(folder / "data.csv", text);
  const auto message = message_of<IoError>([&] { read_all_columns(folder / "data.csv"); });
  return message.substr(message.find("data.csv"));
}

TEST(DiscreteColumns, BrokenTablesAreRefused) {
  EXPECT_EQ(refusal(""), "data.csv] is empty; its first line must name the columns");
  EXPECT_EQ(refusal("A,B\n"), "data.csv] has a header but no rows");
  EXPECT_EQ(refusal("A,C\nno,x\n"),
            "data.csv] has no column for the node 'B'; did you mean 'A'? "
            "Columns: 'A', 'C'");
  EXPECT_EQ(refusal("A,B\nno,x\nmaybe,x\n"),
            "data.csv] line 3, column 'A': 'maybe' is no state of 'A'. States: no, yes");
  EXPECT_EQ(refusal("A,B\nno,x\nyes\n"), "data.csv] line 3: has 1 cells, the header has 2");
  EXPECT_EQ(refusal("A,A\nno,x\n"), "data.csv] two columns are named 'A'; rename one");
  EXPECT_EQ(refusal_of_all("A,B\n"), "data.csv] has a header but no rows");
  EXPECT_EQ(refusal_of_all("A,B\n1,\n"), "data.csv] line 2, column 'B': the state '' is empty");
  EXPECT_EQ(
      refusal_of_all("A,x=y\n1,2\n"),
      "data.csv] the column's name 'x=y' may not hold , ; | = \" or control characters, which "
      "queries and tables need");
  std::string many = "A,B\n";
  for (int i = 0; i < 1025; ++i) many += std::to_string(i) + ",0\n";
  EXPECT_EQ(refusal_of_all(many),
            "data.csv] line 1026, column 'A': the 1025th different text of this column; a node has "
            "at most 1024 states, so leave out columns of measured numbers or bin them");
}

TEST(Counting, TablesAreRelativeFrequencies) {
  const auto net = fit_by_counting(two_nodes(), read(kTable, two_nodes()), 0);
  EXPECT_EQ(net.table(0), (std::vector<double>{0.75, 0.25}));
  EXPECT_EQ(net.table(1), (std::vector<double>{2.0 / 3, 1.0 / 3, 1, 0}));
}

TEST(Counting, ThePriorAddsToEveryCount) {
  const auto net = fit_by_counting(two_nodes(), read(kTable, two_nodes()), 0.5);
  EXPECT_EQ(net.table(0), (std::vector<double>{3.5 / 5, 1.5 / 5}));
  EXPECT_EQ(net.table(1), (std::vector<double>{2.5 / 4, 1.5 / 4, 1.5 / 2, 0.5 / 2}));
}

TEST(Counting, AnUnseenSettingOfTheParentsIsRefusedWithoutAPrior) {
  const auto data = read("A,B\nno,x\nno,y\n", two_nodes());
  EXPECT_EQ(message_of<IoError>([&] { fit_by_counting(two_nodes(), data, 0); }),
            "[data.csv] no row has A=yes, so nothing is known about 'B' there; give --prior 1, or "
            "more data");
  EXPECT_EQ(fit_by_counting(two_nodes(), data, 1).table(1),
            (std::vector<double>{0.5, 0.5, 0.5, 0.5}));
  for (const double prior : {-1.0, std::nan(""), HUGE_VAL})
    EXPECT_EQ(message_of<ConfigError>([&] { fit_by_counting(two_nodes(), data, prior); }),
              "[bayesnet] the prior must be 0 or more, got " + std::string(prior < 0   ? "-1"
                                                                           : prior > 0 ? "inf"
                                                                                       : "nan"));
}

// Maximum likelihood: log L = -N sum_i H(x_i | parents), and no other table does better.
TEST(Counting, NoOtherTableMakesTheDataLikelier) {
  Philox random(21);
  const auto net = random_law(binary_dag({{}, {0}, {0, 1}}), random);
  const auto data = drawn(net, 300, random);
  const auto fitted = fit_by_counting(net.dag(), data, 0);
  const auto best = log_likelihood(fitted, data);
  EXPECT_GT(best, log_likelihood(net, data));
  for (int k = 0; k < 50; ++k) {
    std::vector<std::vector<double>> tables;
    for (std::size_t i = 0; i < 3; ++i) {
      tables.push_back(fitted.table(i));
      for (std::size_t at = 0; at < tables[i].size(); at += 2) {
        const double shift = random.uniform(-0.05, 0.05);
        tables[i][at] = std::min(0.99, std::max(0.01, tables[i][at] + shift));
        tables[i][at + 1] = 1 - tables[i][at];
      }
    }
    EXPECT_LT(log_likelihood(BayesNet(net.dag(), tables), data), best);
  }
}

TEST(Counting, ManyRowsBringTheLawBack) {
  Philox random(22);
  const auto net = random_law(binary_dag({{}, {0}, {0, 1}}), random);
  constexpr double kRows = 40000;
  const auto fitted = fit_by_counting(net.dag(), drawn(net, kRows, random), 0);
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t k = 0; k < net.table(i).size(); ++k)  // each row is seen > kRows / 40 times
      EXPECT_NEAR(fitted.table(i)[k], net.table(i)[k], 4 * std::sqrt(0.25 / (kRows / 40)));
}

TEST(Counting, BicPrefersTheArrowOnlyWhereTheDataNeedIt) {
  const auto with = binary_dag({{}, {0}}), without = binary_dag({{}, {}});
  EXPECT_NEAR(bic(-10, with, 100), -10 - 1.5 * std::log(100.0), 1e-12);
  const auto best_is_with = [&](const BayesNet& truth, std::uint64_t seed) {
    Philox random(seed);
    const auto data = drawn(truth, 2000, random);
    const auto score = [&](const Dag& dag) {
      return bic(log_likelihood(fit_by_counting(dag, data, 0), data), dag, data.rows());
    };
    return score(with) > score(without);
  };
  EXPECT_TRUE(best_is_with(BayesNet(with, {{0.5, 0.5}, {0.6, 0.4, 0.4, 0.6}}), 31));
  EXPECT_FALSE(best_is_with(BayesNet(without, {{0.5, 0.5}, {0.3, 0.7}}), 32));
}

// A -> B -> C, A <- B -> C and A <- B <- C say the same: A independent of C given B.
TEST(Counting, MarkovEquivalentGraphsFitTheSameLaw) {
  Philox random(23);
  const auto data = drawn(random_law(binary_dag({{}, {0}, {0, 1}}), random), 500, random);
  const auto chain = fit_by_counting(binary_dag({{}, {0}, {1}}), data, 0);
  const auto fork = fit_by_counting(binary_dag({{1}, {}, {1}}), data, 0);
  const auto back = fit_by_counting(binary_dag({{1}, {2}, {}}), data, 0);
  const auto collider = fit_by_counting(binary_dag({{}, {0, 2}, {}}), data, 0);
  double most = 0;
  enumerate(chain, [&](const Assignment& x, double) {
    EXPECT_NEAR(chain.log_prob(x), fork.log_prob(x), 1e-12);
    EXPECT_NEAR(chain.log_prob(x), back.log_prob(x), 1e-12);
    most = std::max(most, std::abs(chain.log_prob(x) - collider.log_prob(x)));
  });
  EXPECT_GT(most, 0.01);
}

}  // namespace
}  // namespace kiln
