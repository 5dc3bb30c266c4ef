#pragma once

#include <string>
#include <vector>

#include "kiln/graphical/dag.h"

namespace kiln {

/// How nodes are marked: what is known is grey, what is asked for has a thick border.
struct GraphMarks {
  std::vector<std::size_t> known = {}, asked = {};
};

/// The graph as an SVG document: an ellipse for each node with its name and number of states,
/// parents above children.  Throws ConfigError for graphs too large to read (see layered_layout).
std::string graph_svg(const Dag& dag, const std::string& title, const GraphMarks& marks = {});

}  // namespace kiln
