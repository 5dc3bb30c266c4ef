#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "kiln/graphical/chow_liu.h"
#include "kiln/graphical/d_separation.h"
#include "kiln/graphical/elimination.h"
#include "kiln/graphical/g_test.h"

namespace kiln::program {

/// One answer for people and for programs.
struct Said {
  std::string text;
  nlohmann::json json;
};

/// The nodes with their states, parents and free parameters.
Said say_graph(const std::string& name, const Dag& dag);

/// The law, the elimination order and the largest table.
Said say_answer(const Dag& dag, const NetworkQuery& query, const NetworkAnswer& answer);

/// Separated or not, with a path that shows it.
Said say_separation(const Dag& dag, const SeparationQuery& query, const Separation& separation);

/// The test beside what the graph says.
Said say_g_test(const Dag& dag, const SeparationQuery& query, const GTest& test,
                const Separation& separation);

/// The tree's edges and their information.
Said say_tree(const ChowLiuTree& tree);

}  // namespace kiln::program
