#pragma once

#include <vector>

#include "kiln/graphical/dag.h"

namespace kiln {

/// Where a node of a drawing stands: an ellipse, in pixels.
struct PlacedNode {
  double x = 0, y = 0;  ///< Of the centre.
  double radius_x = 0, radius_y = 0;
};

/// An arrow as cubic Bezier curves joined end to end: 1 + 3n points (x, y).
struct PlacedArrow {
  std::size_t from = 0, to = 0;
  std::vector<std::pair<double, double>> points = {};
};

/// A drawing in layers, parents above children.  Arrows run in the bands between layers and
/// pass a layer through a gap of their own, so none meets an ellipse other than at its ends.
struct GraphLayout {
  double width = 0, height = 0;
  std::vector<PlacedNode> nodes;
  std::vector<PlacedArrow> arrows;
};

/// Sugiyama's scheme: layers by the longest way from a root, a place in each layer for every arrow
/// that passes it, orders by the mean of the neighbours' places, few crossings kept.
/// `radii_x` is half the width of each node's ellipse.  Throws ConfigError beyond 200 nodes or 2000
/// arrows, of which nobody can read a picture.
GraphLayout layered_layout(const Dag& dag, const std::vector<double>& radii_x);

}  // namespace kiln
