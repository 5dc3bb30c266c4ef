// needs: base
#include "kiln/graphical/d_separation.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kiln/graphical/network_request.h"
#include "tests/graphical/random_network.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

bool separated(const Dag& dag, const std::string& text) {
  return d_separation(dag, parse_separation(dag, text)).separated;
}

TEST(DSeparation, ChainForkAndCollider) {
  const auto chain = binary_dag({{}, {0}, {1}});
  EXPECT_FALSE(separated(chain, "A ; C"));
  EXPECT_TRUE(separated(chain, "A ; C | B"));
  const auto fork = binary_dag({{1}, {}, {1}});
  EXPECT_FALSE(separated(fork, "A ; C"));
  EXPECT_TRUE(separated(fork, "A ; C | B"));
  const auto collider = binary_dag({{}, {}, {0, 1}, {2}});
  EXPECT_TRUE(separated(collider, "A ; B"));
  EXPECT_FALSE(separated(collider, "A ; B | C"));
  EXPECT_FALSE(separated(collider, "A ; B | D"));  // a descendant opens it too
}

// Separated: I(A; B | C) = 0 for any tables.  Connected: not 0 for tables without accidents.
TEST(DSeparation, AgreesWithTheNumbersOfRandomLaws) {
  int apart = 0, together = 0;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    Philox random(derive_key(3, "separation", seed));
    const auto net = random_law(random_dag(random, 7, 3), random);
    SeparationQuery query;
    for (std::size_t i = 0; i < net.dag().size(); ++i) {
      const auto kind = random.below(4);
      if (kind == 0) query.a.push_back(i);
      if (kind == 1) query.b.push_back(i);
      if (kind == 2) query.given.push_back(i);
    }
    if (query.a.empty() || query.b.empty()) continue;
    const auto shared = information(net, query.a, query.b, query.given);
    if (d_separation(net.dag(), query).separated) {
      EXPECT_LT(std::abs(shared), 1e-12) << seed;
      ++apart;
    } else {
      EXPECT_GT(shared, 1e-9) << seed;
      ++together;
    }
  }
  EXPECT_GT(apart, 30);
  EXPECT_GT(together, 80);
}

// The reported path is a path of the graph, open all along exactly if the sets are connected.
TEST(DSeparation, ThePathShowsTheAnswer) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Philox random(derive_key(4, "paths", seed));
    const auto dag = random_dag(random, 9, 2);
    if (dag.size() < 3) continue;
    SeparationQuery query{{0}, {1}, {}};
    for (std::size_t i = 2; i < dag.size(); ++i)
      if (random.bernoulli(0.3)) query.given.push_back(i);
    const auto result = d_separation(dag, query);
    if (result.path.empty()) {
      EXPECT_TRUE(result.separated);
      continue;
    }
    EXPECT_EQ(result.path.front(), 0u);
    EXPECT_EQ(result.path.back(), 1u);
    std::vector<bool> seen(dag.size(), false);
    for (std::size_t i = 0; i < result.path.size(); ++i) {
      EXPECT_FALSE(seen[result.path[i]]) << "a path visits no node twice, seed " << seed;
      seen[result.path[i]] = true;
      if (i == 0) continue;
      const auto a = result.path[i - 1], b = result.path[i];
      const auto &up = dag.node(a).parents, &down = dag.node(b).parents;
      EXPECT_TRUE(std::count(up.begin(), up.end(), b) + std::count(down.begin(), down.end(), a));
    }
    ASSERT_EQ(result.inner.size() + 2, result.path.size());
    bool open = true;
    for (const auto& node : result.inner) open = open && node.open;
    EXPECT_EQ(open, !result.separated) << seed;
  }
}

TEST(DSeparation, SaysHowArrowsMeetAndWhatOpensACollider) {
  const auto dag = binary_dag({{}, {}, {0, 1}, {2}, {3}});
  const auto open = d_separation(dag, parse_separation(dag, "A ; B | E"));
  ASSERT_EQ(open.inner.size(), 1u);
  EXPECT_EQ(open.inner[0].node, 2u);
  EXPECT_EQ(open.inner[0].meeting, Meeting::collider);
  EXPECT_EQ(open.inner[0].opened_by, 4u);
  const auto shut = d_separation(dag, parse_separation(dag, "A ; D | C"));
  EXPECT_TRUE(shut.separated);
  EXPECT_EQ(shut.path, (std::vector<std::size_t>{0, 2, 3}));
  EXPECT_EQ(shut.inner[0].meeting, Meeting::chain);
  EXPECT_FALSE(shut.inner[0].open);
  const auto fork = binary_dag({{1}, {}, {1}});
  EXPECT_EQ(d_separation(fork, {{0}, {2}, {}}).inner[0].meeting, Meeting::fork);
  const auto back = d_separation(binary_dag({{1}, {2}, {}}), {{0}, {2}, {}});
  EXPECT_EQ(back.inner[0].meeting, Meeting::chain);
}

TEST(DSeparation, NodesThatNoPathJoins) {
  const auto result = d_separation(binary_dag({{}, {}}), {{0}, {1}, {}});
  EXPECT_TRUE(result.separated);
  EXPECT_TRUE(result.path.empty());
}

TEST(DSeparation, ANodeStandsInOneSet) {
  const auto dag = binary_dag({{}, {0}, {1}});
  EXPECT_EQ(message_of<ConfigError>([&] {
              d_separation(dag, {{0}, {1}, {0}});
            }),
            "[bayesnet] 'A' is named twice; a node stands on one side or is given");
  EXPECT_EQ(message_of<ConfigError>([&] {
              d_separation(dag, {{0}, {}, {}});
            }),
            "[bayesnet] independence needs a node on each side of the semicolon");
}

}  // namespace
}  // namespace kiln
