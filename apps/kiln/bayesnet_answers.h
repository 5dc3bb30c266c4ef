#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kiln/graphical/chow_liu.h"
#include "kiln/graphical/elimination.h"

namespace kiln::program {

/// One answer for people and for programs.
struct Said {
  std::string text;
  nlohmann::json json;
};

/// The names of some nodes, in the same order.
std::vector<std::string> node_names(const Dag& dag, const std::vector<std::size_t>& nodes);

/// The nodes with their states, parents and free parameters.
Said say_graph(const std::string& name, const Dag& dag);

/// The law, the elimination order and the largest table.
Said say_answer(const Dag& dag, const NetworkQuery& query, const NetworkAnswer& answer);

/// The tree's edges and their information.
Said say_tree(const ChowLiuTree& tree);

}  // namespace kiln::program
