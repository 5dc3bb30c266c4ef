// needs: base
#include "kiln/graphical/bayes_net.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/graphical/random_network.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

TEST(Dag, ParameterCountsOfTheTextbookGraphs) {
  EXPECT_EQ(binary_dag({{}, {0}, {1}}).parameters(), 5u);     // A -> B -> C
  EXPECT_EQ(binary_dag({{1}, {}, {1}}).parameters(), 5u);     // A <- B -> C
  EXPECT_EQ(binary_dag({{}, {}, {0, 1}}).parameters(), 6u);   // A -> C <- B
  EXPECT_EQ(binary_dag({{}, {}, {}, {}}).parameters(), 4u);   // independent
  EXPECT_EQ(binary_dag({{}, {0}, {0, 1}}).parameters(), 7u);  // the whole table: 2^3 - 1
}

TEST(Dag, NaiveBayesHasAClassAndOneNumberPerClassAndFeature) {
  constexpr std::size_t kClasses = 5, kFeatures = 7;
  std::vector<DagNode> nodes{{"class", numbered_states(kClasses)}};
  for (std::size_t i = 0; i < kFeatures; ++i)
    nodes.push_back({"f" + std::to_string(i), {"0", "1"}, {0}});
  EXPECT_EQ(Dag(nodes).parameters(), (kClasses - 1) + kFeatures * kClasses);
}

TEST(Dag, OrderPutsParentsFirst) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Philox random(seed);
    const auto dag = random_dag(random, 10, 3);
    std::vector<bool> seen(dag.size(), false);
    for (const auto node : dag.order()) {
      for (const auto parent : dag.node(node).parents) EXPECT_TRUE(seen[parent]);
      seen[node] = true;
    }
    EXPECT_EQ(dag.order().size(), dag.size());
  }
}

TEST(Dag, RowsAreNamedWithTheLastParentChangingFastest) {
  const Dag dag({{"A", {"no", "yes"}}, {"B", {"x", "y", "z"}}, {"C", {"0", "1"}, {0, 1}}});
  EXPECT_EQ(dag.rows(2), 6u);
  EXPECT_EQ(dag.row_name(2, 0), "A=no, B=x");
  EXPECT_EQ(dag.row_name(2, 1), "A=no, B=y");
  EXPECT_EQ(dag.row_name(2, 5), "A=yes, B=z");
  EXPECT_EQ(dag.row_name(0, 0), "");
}

TEST(Dag, AStateGoesByNameBeforeNumber) {
  const Dag dag({{"A", {"1", "0", "low"}}});
  EXPECT_EQ(dag.state_of(0, "1"), 0u);
  EXPECT_EQ(dag.state_of(0, "low"), 2u);
  EXPECT_EQ(dag.state_of(0, "2"), 2u);
  EXPECT_EQ(message_of<ConfigError>([&] { dag.state_of(0, "3"); }),
            "[bayesnet] 'A' has no state '3'. States: 1, 0, low, or a number from 0 to 2");
  EXPECT_EQ(message_of<ConfigError>([&] { dag.state_of(0, "-1"); }),
            "[bayesnet] 'A' has no state '-1'. States: 1, 0, low, or a number from 0 to 2");
}

std::string refusal(std::vector<DagNode> nodes) {
  return message_of<ConfigError>([&] { Dag{std::move(nodes)}; });
}

TEST(Dag, BrokenGraphsAreRefused) {
  const std::vector<std::string> two{"0", "1"};
  EXPECT_EQ(refusal({}), "[bayesnet] there are no nodes");
  EXPECT_EQ(refusal({{"A", two}, {"A", two}}),
            "[bayesnet] there is already a node 'A'; rename one");
  EXPECT_EQ(refusal({{"D", two, {1}}, {"A", two, {3}}, {"B", two, {1}}, {"C", two, {2}}}),
            "[bayesnet] the arrows go in a circle: A -> B -> C -> A; take one of them away");
  EXPECT_EQ(refusal({{"A", two, {0}}}),
            "[bayesnet] the arrows go in a circle: A -> A; take one of them away");
  EXPECT_EQ(refusal({{"A", two}, {"B", two, {0, 0}}}),
            "[bayesnet] node 'B': names the parent 'A' twice");
  EXPECT_EQ(refusal({{"A", two, {1}}}), "[bayesnet] node 'A': parent number 1 is no node");
  EXPECT_EQ(refusal({{"A", {"x", "x"}}}), "[bayesnet] node 'A': has the state 'x' twice");
  EXPECT_EQ(refusal({{"A", {}}}),
            "[bayesnet] node 'A': has no states; give states = [\"no\", \"yes\"]");
  EXPECT_EQ(refusal({{"A|B", two}}),
            "[bayesnet] the name 'A|B' may not hold , ; | = \" or control characters, which "
            "queries and tables need");
  EXPECT_EQ(refusal({{"A", {"x", " y"}}}),
            "[bayesnet] node 'A': the state ' y' begins or ends with a blank");
  EXPECT_EQ(refusal({{"\xff", two}}), "[bayesnet] the name '\xff' holds bytes that are no UTF-8");
  EXPECT_EQ(refusal({{"A", numbered_states(1025)}}),
            "[bayesnet] node 'A': has 1025 states, at most 1024 are allowed");
}

TEST(Dag, ATableWhoseSizeOverflowsIsRefused) {
  std::vector<DagNode> nodes;
  for (int i = 0; i < 8; ++i) nodes.push_back({"P" + std::to_string(i), numbered_states(256)});
  nodes.push_back({"X", {"0", "1"}, {0, 1, 2, 3, 4, 5, 6, 7}});  // 2^65 numbers
  EXPECT_EQ(
      refusal(nodes),
      "[bayesnet] node 'X': its table would have more than 1048576 numbers: 2 states x 256 of "
      "P0 x 256 of P1 x 256 of P2 x 256 of P3 x 256 of P4 x 256 of P5 x 256 of P6 x 256 of "
      "P7; give it fewer parents or fewer states");
}

TEST(BayesNet, ProbabilitiesSumToOneAndLogProbIsTheProductOfTheTables) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Philox random(derive_key(1, "sum", seed));
    const auto net = random_law(random_dag(random, 7, 3), random);
    double sum = 0;
    enumerate(net, [&](const Assignment& x, double p) {
      sum += std::exp(net.log_prob(x));
      ASSERT_NEAR(net.log_prob(x), std::log(p), 1e-12);
    });
    EXPECT_NEAR(sum, 1, 1e-12);
  }
}

TEST(BayesNet, WhatIsImpossibleHasLogProbMinusInfinity) {
  const BayesNet net(binary_dag({{}, {0}}), {{0.5, 0.5}, {1, 0, 0.25, 0.75}});
  EXPECT_EQ(net.log_prob(Assignment{0, 1}), -std::numeric_limits<double>::infinity());
  EXPECT_NEAR(net.log_prob(Assignment{1, 1}), std::log(0.375), 1e-15);
}

TEST(BayesNet, LogProbRefusesWhatIsNoAssignment) {
  const BayesNet net(binary_dag({{}, {}}), {{0.5, 0.5}, {0.5, 0.5}});
  EXPECT_EQ(message_of<ShapeError>([&] { net.log_prob(Assignment{0}); }),
            "[bayesnet.log_prob] x needs one state for each of 2 nodes, got 1");
  EXPECT_EQ(message_of<ShapeError>([&] {
              net.log_prob(Assignment{0, 2});
            }),
            "[bayesnet.log_prob] 'B' has states 0 to 1, got 2");
}

std::string refusal(std::vector<double> a, std::vector<double> b) {
  return message_of<ConfigError>([&] { BayesNet(binary_dag({{}, {0}}), {a, b}); });
}

TEST(BayesNet, BrokenTablesAreRefused) {
  EXPECT_EQ(refusal({0.5, 0.7}, {1, 0, 0, 1}),
            "[bayesnet] node 'A': the row sums to 1.2; its 2 probabilities must sum to 1");
  EXPECT_EQ(refusal({0.5, 0.5}, {1, 0, 0.2, 0.9}),
            "[bayesnet] node 'B': the row of A=1 sums to 1.1; its 2 probabilities must sum to 1");
  EXPECT_EQ(refusal({1.5, -0.5}, {1, 0, 0, 1}),
            "[bayesnet] node 'A': in the row, 0 has the probability 1.5; it must lie in [0, 1]");
  EXPECT_EQ(refusal({0.5, 0.5}, {1, 0, -0.25, 1}),
            "[bayesnet] node 'B': in the row of A=1, 0 has the probability -0.25; it must lie in "
            "[0, 1]");
  EXPECT_EQ(refusal({std::nan(""), 0.5}, {1, 0, 0, 1}),
            "[bayesnet] node 'A': in the row, 0 has the probability nan; it must lie in [0, 1]");
  EXPECT_EQ(refusal({0.5, 0.5}, {1, 0, 0}),
            "[bayesnet] node 'B': its table needs 2 rows of 2 numbers, 4 in all, got 3");
  EXPECT_EQ(message_of<ConfigError>([] {
              BayesNet(binary_dag({{}, {0}}), {{0.5, 0.5}});
            }),
            "[bayesnet] 2 nodes need as many tables, got 1");
}

TEST(BayesNet, RowsThatArePrintedShortAreMadeToSumToOne) {
  const BayesNet net(Dag({{"A", {"x", "y", "z"}}}), {{0.3333333, 0.3333333, 0.3333333}});
  EXPECT_NEAR(net.table(0)[0], 1.0 / 3, 1e-15);
  EXPECT_EQ(refusal({0.5, 0.500002}, {1, 0, 0, 1}),
            "[bayesnet] node 'A': the row sums to 1.000002; its 2 probabilities must sum to 1");
}

// Chi-square of the counts of all assignments: mean k - 1, variance 2 (k - 1).
TEST(BayesNet, SamplesFollowTheLaw) {
  Philox random(11);
  const BayesNet net = random_law(
      Dag({{"C", {"0", "1"}, {2, 1}}, {"B", {"x", "y", "z"}}, {"A", {"0", "1"}, {1}}}), random);
  constexpr int kDraws = 20000;
  std::map<Assignment, double> counts;
  for (int n = 0; n < kDraws; ++n) ++counts[net.sample(random)];
  double chi_square = 0, cells = 0;
  enumerate(net, [&](const Assignment& x, double p) {
    const double expected = kDraws * p;
    ASSERT_GT(expected, 20);
    chi_square += (counts[x] - expected) * (counts[x] - expected) / expected;
    ++cells;
  });
  EXPECT_LT(chi_square, cells - 1 + 4 * std::sqrt(2 * (cells - 1)));
}

TEST(BayesNet, SamplesNeverHaveProbabilityZero) {
  // 0.1 added ten times stays below 1, and so may u.
  std::vector<double> tenths(11, 0.1);
  tenths[10] = 0;
  const BayesNet net(Dag({{"A", numbered_states(11)}, {"B", {"0", "1", "2"}}}),
                     {tenths, {0, 1, 0}});
  Philox random(3);
  for (int n = 0; n < 2000; ++n) {
    const auto x = net.sample(random);
    ASSERT_LT(x[0], 10u);
    ASSERT_EQ(x[1], 1u);
  }
}

TEST(BayesNet, TheSameStreamGivesTheSameSample) {
  Philox a(5), b(5), law(6);
  const auto net = random_law(binary_dag({{}, {0}, {1}, {0, 2}}), law);
  for (int n = 0; n < 20; ++n) EXPECT_EQ(net.sample(a), net.sample(b));
}

}  // namespace
}  // namespace kiln
