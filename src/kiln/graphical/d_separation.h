#pragma once

#include <optional>
#include <vector>

#include "kiln/graphical/dag.h"

namespace kiln {

/// The question whether A and B are independent given C in every law that fits the graph.
struct SeparationQuery {
  std::vector<std::size_t> a, b, given;
};

/// How two neighbouring arrows of a path meet in a node.
enum class Meeting { chain, fork, collider };  ///< -> v ->, <- v ->, -> v <-

/// An inner node of a path.  A chain or fork is open unless the node is known; a collider is open
/// if it or a descendant of it is known.
struct PathNode {
  std::size_t node = 0;
  Meeting meeting = Meeting::chain;
  bool open = false;
  std::optional<std::size_t> opened_by = {};  ///< Of an open collider: the node that is known.
};

struct Separation {
  bool separated = false;
  /// A shortest path from a to b: open all along if not separated; otherwise of all paths (they are
  /// all blocked), or empty when no path joins them.
  std::vector<std::size_t> path = {};
  std::vector<PathNode> inner = {};  ///< The path's nodes between its ends.
};

/// d-separation by reachability along active trails, O(nodes + arrows).  Pearl 1988; Koller &
/// Friedman 2009, algorithm 3.1.
/// Throws ConfigError when a or b is empty or a node stands in two of the three sets.
Separation d_separation(const Dag& dag, const SeparationQuery& query);

}  // namespace kiln
