#include "kiln/graphical/graph_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kiln/graphical/graph_layout.h"
#include "kiln/io/plot_frame.h"
#include "kiln/io/svg.h"

namespace kiln {
namespace {

constexpr double kHeadLength = 10, kHeadWidth = 8;
constexpr std::string_view kInk = "#333333";

std::string states_text(const DagNode& node) {
  return fmt::format("{} state{}", node.states.size(), node.states.size() == 1 ? "" : "s");
}

std::string point(double x, double y) { return Svg::number(x) + " " + Svg::number(y); }

// The curve up to the head's base, then the head, pointing the way the curve arrives: down.
void draw(Svg& svg, const PlacedArrow& arrow) {
  const auto [tip_x, tip_y] = arrow.points.back();
  auto points = arrow.points;
  points.back().second -= kHeadLength - 1;
  std::string data = "M" + point(points[0].first, points[0].second);
  for (std::size_t i = 1; i < points.size(); ++i)
    data += (i % 3 == 1 ? " C" : " ") + point(points[i].first, points[i].second);
  svg.path(data, fmt::format("fill=\"none\" stroke=\"{}\" stroke-width=\"1.4\"", kInk));
  svg.path(fmt::format("M{} L{} L{} Z", point(tip_x, tip_y),
                       point(tip_x - kHeadWidth / 2, tip_y - kHeadLength),
                       point(tip_x + kHeadWidth / 2, tip_y - kHeadLength)),
           fmt::format("fill=\"{}\"", kInk));
}

bool holds(const std::vector<std::size_t>& nodes, std::size_t node) {
  return std::ranges::find(nodes, node) != nodes.end();
}

// An ellipse as two arcs: Svg has circles only.
void draw(Svg& svg, const DagNode& node, const PlacedNode& at, bool known, bool asked) {
  const auto arc = fmt::format("A{} 0 1 0 ", point(at.radius_x, at.radius_y));
  svg.path(
      fmt::format("M{} {}{} {}{} Z", point(at.x - at.radius_x, at.y), arc,
                  point(at.x + at.radius_x, at.y), arc, point(at.x - at.radius_x, at.y)),
      fmt::format("fill=\"{}\" stroke=\"{}\" stroke-width=\"{}\"", known ? "#cccccc" : "#ffffff",
                  asked ? series_colour(0) : kInk, asked ? 3 : 1.4));
  svg.text(at.x, at.y - 1, node.name, "font-size=\"14\" text-anchor=\"middle\" fill=\"#000000\"");
  svg.text(at.x, at.y + 13, states_text(node),
           "font-size=\"10\" text-anchor=\"middle\" fill=\"#555555\"");
}

}  // namespace

std::string graph_svg(const Dag& dag, const std::string& title, const GraphMarks& marks) {
  constexpr double kNameScale = 14.0 / 12.0, kPadding = 16, kNarrowest = 48;
  std::vector<double> radii;
  for (const auto& node : dag.nodes())
    radii.push_back(std::max(kNarrowest, text_width(node.name) * kNameScale / 2 + kPadding));
  const auto layout = layered_layout(dag, radii);
  Svg svg(layout.width, layout.height, title);
  for (const auto& arrow : layout.arrows) draw(svg, arrow);
  for (std::size_t i = 0; i < dag.size(); ++i)
    draw(svg, dag.node(i), layout.nodes[i], holds(marks.known, i), holds(marks.asked, i));
  return svg.finish();
}

}  // namespace kiln
