// needs: base
#include "kiln/graphical/elimination.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "kiln/graphical/network_request.h"
#include "tests/graphical/random_network.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

// p(targets, evidence) by adding up the whole table, targets' last node changing fastest.
std::vector<double> by_enumeration(const BayesNet& net, const NetworkQuery& query) {
  std::size_t size = 1;
  for (const auto node : query.targets) size *= net.dag().states(node);
  std::vector<double> joint(size, 0.0);
  enumerate(net, [&](const Assignment& x, double p) {
    for (const auto& [node, state] : query.evidence)
      if (x[node] != state) return;
    std::size_t at = 0;
    for (const auto node : query.targets) at = at * net.dag().states(node) + x[node];
    joint[at] += p;
  });
  return joint;
}

NetworkQuery random_query(const BayesNet& net, Philox& random) {
  NetworkQuery query;
  for (const auto i : net.dag().order()) {
    const auto kind = random.below(4);
    if (kind == 0)
      query.targets.push_back(i);
    else if (kind == 1)
      query.evidence.emplace_back(i, static_cast<std::size_t>(random.below(net.dag().states(i))));
  }
  std::ranges::reverse(query.targets);
  if (query.targets.empty()) query = {{net.dag().order().back()}, {}};
  return query;
}

TEST(Elimination, EveryQueryOnTwoHundredRandomNetworksEqualsEnumeration) {
  std::size_t with_evidence = 0, with_several = 0, with_hidden = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Philox random(derive_key(2, "network", seed));
    const auto net = random_law(random_dag(random, 10, 4), random);
    for (int repeat = 0; repeat < 4; ++repeat) {
      const auto query = random_query(net, random);
      const auto result = answer(net, query);
      const auto joint = by_enumeration(net, query);
      double evidence = 0;
      for (const auto p : joint) evidence += p;
      ASSERT_EQ(result.law.variables, query.targets);
      ASSERT_EQ(result.law.values.size(), joint.size());
      for (std::size_t k = 0; k < joint.size(); ++k)
        ASSERT_NEAR(result.law.values[k], joint[k] / evidence, 1e-12) << seed;
      ASSERT_NEAR(result.log_evidence, std::log(evidence), 1e-12);
      with_evidence += !query.evidence.empty(), with_several += query.targets.size() > 1;
      with_hidden += result.order.size() > 1;
      const auto all = result.order.size() + result.not_needed.size() + query.targets.size() +
                       query.evidence.size();
      ASSERT_EQ(all, net.dag().size());
    }
  }
  EXPECT_GT(with_evidence, 400u);
  EXPECT_GT(with_several, 300u);
  EXPECT_GT(with_hidden, 200u);
}

TEST(Elimination, BayesRule) {
  const BayesNet net(binary_dag({{}, {0}}), {{0.99, 0.01}, {0.95, 0.05, 0.1, 0.9}});
  const auto posterior = answer(net, parse_query(net.dag(), "A | B=1"));
  const double evidence = 0.99 * 0.05 + 0.01 * 0.9;
  EXPECT_NEAR(posterior.law.values[1], 0.01 * 0.9 / evidence, 1e-15);
  EXPECT_NEAR(posterior.law.values[0] + posterior.law.values[1], 1, 1e-15);
  EXPECT_NEAR(std::exp(posterior.log_evidence), evidence, 1e-15);
  const auto joint = answer(net, parse_query(net.dag(), "A, B"));
  EXPECT_NEAR(joint.law.values[3], posterior.law.values[1] * evidence, 1e-15);
}

// Two fair coins and whether they differ: knowing C makes each coin tell the other.
TEST(Elimination, ExplainingAway) {
  const BayesNet net(binary_dag({{}, {}, {0, 1}}),
                     {{0.5, 0.5}, {0.5, 0.5}, {1, 0, 0, 1, 0, 1, 1, 0}});
  EXPECT_NEAR(information(net, {0}, {1}, {}), 0, 1e-15);
  EXPECT_NEAR(information(net, {0}, {1}, {2}), std::log(2.0), 1e-15);
  EXPECT_EQ(answer(net, parse_query(net.dag(), "A | C=1, B=1")).law.values,
            (std::vector<double>{1, 0}));
  EXPECT_EQ(answer(net, parse_query(net.dag(), "A | C=1")).law.values,
            (std::vector<double>{0.5, 0.5}));
}

TEST(Elimination, NodesBelowEverythingAskedAreNotNeeded) {
  Philox random(4);
  const auto net = random_law(binary_dag({{}, {0}, {1}, {0, 2}}), random);
  const auto result = answer(net, {{1}, {}});
  EXPECT_EQ(result.order, (std::vector<std::size_t>{0}));
  EXPECT_EQ(result.not_needed, (std::vector<std::size_t>{2, 3}));
}

// A hub with twelve leaves: leaves first need tables of 4 numbers, the hub first one of 2^13.
TEST(Elimination, MinFillTakesLeavesBeforeTheHub) {
  Philox random(9);
  std::vector<DagNode> nodes{{"hub", {"0", "1"}}};
  for (int i = 0; i < 12; ++i) {
    nodes.push_back({"in" + std::to_string(i), {"0", "1"}, {0}});
    nodes.push_back({"end" + std::to_string(i), {"0", "1"}, {static_cast<std::size_t>(2 * i + 1)}});
  }
  const auto net = random_law(Dag(nodes), random);
  NetworkQuery query{{2}, {}};
  for (std::size_t i = 1; i < 12; ++i) query.evidence.emplace_back(2 * i + 2, 1);
  const auto result = answer(net, query);
  EXPECT_EQ(result.largest_factor, 4u);
  EXPECT_EQ(result.order.size(), 13u);
}

// A -> B -> C, A -> C, C -> D; D is asked for.  A has the neighbours B and C, which are joined:
// nothing to fill in; B likewise; C has A, B and D: two edges.
TEST(Elimination, TheOrderOfASmallGraphByHand) {
  Philox random(12);
  const auto net = random_law(binary_dag({{}, {0}, {0, 1}, {2}}), random);
  const auto result = answer(net, {{3}, {}});
  EXPECT_EQ(result.order, (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_EQ(result.largest_factor, 8u);
}

// A, B (5 states) and C are joined in a triangle, C - X - T is a chain, T is asked for: A adds no
// edge, X would add one although its table is smaller.
TEST(Elimination, FewEdgesGoBeforeSmallTables) {
  const std::vector<std::string> two{"0", "1"};
  Philox random(13);
  const auto net = random_law(Dag({{"A", numbered_states(5)},
                                   {"B", two, {0}},
                                   {"C", two, {0, 1}},
                                   {"X", two, {2}},
                                   {"T", two, {3}}}),
                              random);
  EXPECT_EQ(answer(net, {{4}, {}}).order, (std::vector<std::size_t>{0, 1, 2, 3}));
}

// A circle of five nodes, joined by children that are known; node 2 is asked for.  Each adds one
// edge, so node 1 goes first (3 x 2 x 2 numbers) and joins 0 and 2; then 3 (2 x 2 x 9) comes before
// 0 (3 x 9 x 2), which without the new edge would look as if it hung on 4 alone.
TEST(Elimination, TheEdgesOfSummedOutNodesCount) {
  std::vector<DagNode> nodes;
  for (const std::size_t states : {3, 2, 2, 2, 9})
    nodes.push_back({"N" + std::to_string(nodes.size()), numbered_states(states)});
  NetworkQuery query{{2}, {}};
  for (std::size_t i = 0; i < 5; ++i) {
    query.evidence.emplace_back(nodes.size(), 0);
    nodes.push_back({"C" + std::to_string(i), {"0", "1"}, {i, (i + 1) % 5}});
  }
  Philox random(14);
  const auto net = random_law(Dag(nodes), random);
  EXPECT_EQ(answer(net, query).order, (std::vector<std::size_t>{1, 3, 0, 4}));
}

TEST(Elimination, AThousandKnownNodesDoNotUnderflow) {
  std::vector<DagNode> nodes{{"A", {"0", "1"}}};
  std::vector<std::vector<double>> tables{{0.5, 0.5}};
  NetworkQuery query{{0}, {}};
  for (std::size_t i = 1; i < 1000; ++i) {
    nodes.push_back({"B" + std::to_string(i), {"0", "1"}, {0}});
    tables.push_back({0.9, 0.1, 0.9, 0.1});
    query.evidence.emplace_back(i, 1);
  }
  const auto result = answer(BayesNet(Dag(nodes), tables), query);
  EXPECT_NEAR(result.law.values[0], 0.5, 1e-12);
  EXPECT_NEAR(result.log_evidence, 999 * std::log(0.1), 1e-9);
}

const BayesNet& chain() {
  static const BayesNet net(binary_dag({{}, {0}, {1}}),
                            {{1, 0}, {1, 0, 0.5, 0.5}, {0.2, 0.8, 0.5, 0.5}});
  return net;
}

std::string refusal(const std::string& query) {
  return message_of<ConfigError>([&] { answer(chain(), parse_query(chain().dag(), query)); });
}

TEST(Elimination, WrongRequestsAreRefused) {
  EXPECT_EQ(refusal("A | B=1"),
            "[bayesnet] the evidence B=1 has probability zero, so nothing follows from it; give "
            "other evidence");
  EXPECT_EQ(refusal("C | A=1, B=0"),
            "[bayesnet] the evidence A=1, B=0 has probability zero, so nothing follows from it; "
            "give other evidence");
  EXPECT_EQ(refusal("A | A=1"),
            "[bayesnet] 'A' is asked for and given; take it away on one side of the bar");
  EXPECT_EQ(refusal("A, A"), "[bayesnet] the query asks for 'A' twice");
  EXPECT_EQ(refusal("A | B=0, B=1"), "[bayesnet] the query gives 'B' twice");
  EXPECT_EQ(refusal("A | B=maybe"),
            "[bayesnet] 'B' has no state 'maybe'. States: 0, 1, or a number from 0 to 1");
  EXPECT_EQ(refusal("Apple"), "[bayesnet] no node 'Apple'. Nodes: A, B, C");
  EXPECT_EQ(message_of<ConfigError>([] { answer(chain(), {}); }),
            "[bayesnet] the query asks for no node");
  for (const std::string text : {"", " | B=1", "A |", "A | B", "A | B=1=0", "A | B=1 | C=1"})
    EXPECT_TRUE(refusal(text).starts_with("[bayesnet] cannot read the query '") &&
                refusal(text).ends_with("'; write \"A, C | B=1, D=yes\""))
        << text << refusal(text);
}

TEST(Elimination, TablesTooLargeForMemoryAreRefusedBeforeTheyAreMade) {
  std::vector<DagNode> nodes;
  std::vector<std::vector<double>> tables;
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < 26; ++i) {
    nodes.push_back({"A" + std::to_string(i), {"0", "1"}});
    tables.push_back({0.5, 0.5});
    all.push_back(i);
  }
  EXPECT_EQ(message_of<ConfigError>([&] {
              answer(BayesNet(Dag(nodes), tables), {all, {}});
            }),
            "[bayesnet] the answer would have more than 16777216 numbers; ask for fewer nodes at "
            "once");
  // Every pair of 30 roots has a child that is known: their graph is complete.
  const std::size_t kRoots = 30;
  nodes.resize(0), tables.resize(0);
  for (std::size_t i = 0; i < kRoots; ++i) {
    nodes.push_back({"R" + std::to_string(i), {"0", "1"}});
    tables.push_back({0.5, 0.5});
  }
  NetworkQuery query{{0}, {}};
  for (std::size_t i = 0; i < kRoots; ++i)
    for (std::size_t j = 0; j < i; ++j) {
      query.evidence.emplace_back(nodes.size(), 1);
      nodes.push_back({"C" + std::to_string(nodes.size()), {"0", "1"}, {i, j}});
      tables.push_back({0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5});
    }
  EXPECT_EQ(message_of<ConfigError>([&] { answer(BayesNet(Dag(nodes), tables), query); }),
            "[bayesnet] summing out 'R1' needs a table of 1.07e+09 numbers, more than 16777216; "
            "give more evidence or ask for fewer nodes");
}

TEST(NetworkRequest, BlanksDoNotMatter) {
  const auto query = parse_query(chain().dag(), "  C ,A|B = 1 ");
  EXPECT_EQ(query.targets, (std::vector<std::size_t>{2, 0}));
  EXPECT_EQ(query.evidence, (std::vector<std::pair<std::size_t, std::size_t>>{{1, 1}}));
  const auto separation = parse_separation(chain().dag(), "A,B;C");
  EXPECT_EQ(separation.a, (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(separation.b, (std::vector<std::size_t>{2}));
  EXPECT_TRUE(separation.given.empty());
  EXPECT_EQ(parse_separation(chain().dag(), "A ; C | B").given, (std::vector<std::size_t>{1}));
}

TEST(NetworkRequest, ASeparationNeedsTwoSides) {
  for (const std::string text : {"A", "A ;", "; B", "A ; B |", "A ; B ; C", ""})
    EXPECT_EQ(message_of<ConfigError>([&] { parse_separation(chain().dag(), text); }).substr(0, 34),
              "[bayesnet] cannot read the query '")
        << text;
}

}  // namespace
}  // namespace kiln
