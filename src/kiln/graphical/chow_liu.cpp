#include "kiln/graphical/chow_liu.h"

#include <fmt/format.h>

#include "kiln/core/error.h"
#include "kiln/graphical/g_test.h"

namespace kiln {

// Prim's algorithm from the root: the outside column with the heaviest edge into the tree joins it,
// as a child of that edge's inner end.
ChowLiuTree chow_liu(const NamedColumns& table, std::size_t root) {
  auto nodes = table.nodes;
  const auto& columns = table.data.columns;
  if (root >= nodes.size())
    throw ConfigError("bayesnet", fmt::format("the root must be a column from 0 to {}, got {}",
                                              nodes.size() - 1, root));
  std::vector<double> weight(nodes.size(), -1), information(nodes.size(), 0);
  std::vector<std::size_t> anchor(nodes.size(), root);
  std::vector<bool> inside(nodes.size(), false);
  inside[root] = true;
  auto newest = root;
  for (std::size_t joined = 1; joined < nodes.size(); ++joined) {
    auto best = nodes.size();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (inside[i]) continue;
      const auto shared = g_test(columns[newest], columns[i], {}).mutual_information;
      if (shared > weight[i]) weight[i] = shared, anchor[i] = newest;
      if (best == nodes.size() || weight[i] > weight[best]) best = i;
    }
    inside[best] = true;
    nodes[best].parents = {anchor[best]};
    information[best] = weight[best];
    newest = best;
  }
  return {Dag(std::move(nodes)), std::move(information)};
}

}  // namespace kiln
