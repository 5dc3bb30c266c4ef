#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kiln/graphical/dag.h"

namespace kiln {

/// Rows of discrete data, one column per variable, as numbers of states.
struct DiscreteColumns {
  std::string name;                                 ///< Of the file, for messages.
  std::vector<std::vector<std::uint16_t>> columns;  ///< All of one length, at least 1.
  std::size_t rows() const { return columns.empty() ? 0 : columns.front().size(); }
};

/// The columns of a CSV file with a header that have the nodes' names, in the order of `nodes`;
/// cells are names of states (not numbers of them).  Other columns are passed over.
/// Throws IoError (file, line, column): no such column, a cell that is no state, a row of another
/// length, no rows, or more than 2^28 cells.
DiscreteColumns read_columns(const std::filesystem::path& path, const Dag& dag,
                             const std::vector<std::size_t>& nodes);

/// Every column of a CSV file with a header; the nodes (without parents) get the cells' texts as
/// their states, in order: by value if all are whole numbers, else by the alphabet.
struct NamedColumns {
  std::vector<DagNode> nodes;
  DiscreteColumns data;
};
NamedColumns read_all_columns(const std::filesystem::path& path);

}  // namespace kiln
