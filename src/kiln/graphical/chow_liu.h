#pragma once

#include "kiln/graphical/discrete_columns.h"

namespace kiln {

/// The tree that makes discrete data likeliest: a maximum spanning tree, each edge weighing the
/// data's mutual information of its ends.  Chow & Liu 1968, "Approximating discrete probability
/// distributions with dependence trees".
struct ChowLiuTree {
  Dag dag;                          ///< The columns' nodes, arrows leading away from the root.
  std::vector<double> information;  ///< I(node; its parent), nats; 0 for the root.
};

/// Ties go to the lower column.  Throws ConfigError if `root` is no column.  O(columns^2 rows).
ChowLiuTree chow_liu(const NamedColumns& table, std::size_t root);

}  // namespace kiln
