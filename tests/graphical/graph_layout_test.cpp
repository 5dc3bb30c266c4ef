// needs: base
#include "kiln/graphical/graph_layout.h"

#include <gtest/gtest.h>

#include "kiln/graphical/graph_picture.h"
#include "tests/graphical/random_network.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

GraphLayout layout_of(const Dag& dag) {
  std::vector<double> radii;
  for (std::size_t i = 0; i < dag.size(); ++i)
    radii.push_back(48 + 10 * static_cast<double>(i % 4));
  return layered_layout(dag, radii);
}

std::pair<double, double> on_curve(const std::pair<double, double>* p, double t) {
  const double s = 1 - t, w[] = {s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t};
  double x = 0, y = 0;
  for (int k = 0; k < 4; ++k) x += w[k] * p[k].first, y += w[k] * p[k].second;
  return {x, y};
}

// Below 1 inside the ellipse.
double reach(const PlacedNode& node, double x, double y) {
  return std::hypot((x - node.x) / node.radius_x, (y - node.y) / node.radius_y);
}

TEST(GraphLayout, ParentsStandAboveTheirChildrenAndNoEllipsesOverlap) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Philox random(derive_key(9, "layout", seed));
    const auto dag = random_dag(random, 14, 2);
    const auto layout = layout_of(dag);
    for (std::size_t i = 0; i < dag.size(); ++i) {
      const auto& a = layout.nodes[i];
      for (const auto parent : dag.node(i).parents) EXPECT_LT(layout.nodes[parent].y + 60, a.y);
      EXPECT_GE(a.x - a.radius_x, 0);
      EXPECT_LE(a.x + a.radius_x, layout.width);
      EXPECT_LE(a.y + a.radius_y, layout.height);
      for (std::size_t j = 0; j < i; ++j) {
        const auto& b = layout.nodes[j];
        const bool apart = std::abs(a.x - b.x) >= a.radius_x + b.radius_x + 20;
        EXPECT_TRUE(a.y != b.y || apart) << seed;
      }
    }
  }
}

TEST(GraphLayout, ArrowsJoinTheirEllipsesAndMeetNoOther) {
  std::size_t arrows = 0, long_ones = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Philox random(derive_key(9, "layout", seed));
    const auto dag = random_dag(random, 14, 2);
    const auto layout = layout_of(dag);
    for (const auto& arrow : layout.arrows) {
      ++arrows, long_ones += arrow.points.size() > 4;
      const auto &from = layout.nodes[arrow.from], &to = layout.nodes[arrow.to];
      EXPECT_NEAR(reach(from, arrow.points.front().first, arrow.points.front().second), 1, 1e-9);
      EXPECT_NEAR(reach(to, arrow.points.back().first, arrow.points.back().second), 1, 1e-9);
      for (std::size_t k = 0; k + 3 < arrow.points.size(); k += 3)
        for (double t = 0.02; t < 0.99; t += 0.02) {
          const auto [x, y] = on_curve(&arrow.points[k], t);
          for (const auto& node : layout.nodes)
            EXPECT_GT(reach(node, x, y), 1) << seed << " " << arrow.from << " " << arrow.to;
          EXPECT_GE(x, 0);
          EXPECT_LE(x, layout.width);
        }
    }
  }
  EXPECT_GT(arrows, 300u);
  EXPECT_GT(long_ones, 100u);
}

TEST(GraphLayout, ATreeHasNoCrossings) {
  // 0 over 1 2 3; 3 over 4, 1 over 5 6, 2 over 7: listed so that the rows start out crossed.
  const auto dag = binary_dag({{}, {0}, {0}, {0}, {3}, {1}, {1}, {2}});
  const auto layout = layout_of(dag);
  for (const auto& a : layout.arrows)
    for (const auto& b : layout.arrows) {
      if (layout.nodes[a.from].y != layout.nodes[b.from].y) continue;
      const double top = a.points.front().first - b.points.front().first;
      const double bottom = a.points.back().first - b.points.back().first;
      EXPECT_GE(top * bottom, 0) << a.from << a.to << " " << b.from << b.to;
    }
}

TEST(GraphPicture, NamesStatesAndMarksOfEveryNode) {
  const Dag dag({{"Rain <&>", {"no", "yes"}}, {"Wet", {"0", "1", "2"}, {0}}, {"One", {"x"}}});
  const auto svg = graph_svg(dag, "title", {{0}, {1}});
  for (const std::string part :
       {"<title>title</title>", ">Rain &lt;&amp;&gt;</text>", ">2 states</text>",
        ">3 states</text>", ">1 state</text>", "fill=\"#cccccc\"", "stroke-width=\"3\""})
    EXPECT_NE(svg.find(part), std::string::npos) << part;
  EXPECT_EQ(svg, graph_svg(dag, "title", {{0}, {1}}));
  EXPECT_EQ(graph_svg(dag, "title").find("#cccccc"), std::string::npos);
}

TEST(GraphPicture, AGraphThatNobodyCanReadIsRefused) {
  std::vector<DagNode> nodes;
  for (int i = 0; i < 201; ++i) nodes.push_back({"N" + std::to_string(i), {"0", "1"}});
  EXPECT_EQ(message_of<ConfigError>([&] { graph_svg(Dag(nodes), ""); }),
            "[bayesnet] a picture holds at most 200 nodes and 2000 arrows, got 201 and 0");
}

}  // namespace
}  // namespace kiln
