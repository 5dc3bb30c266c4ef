#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kiln {

/// A discrete variable of a network and the variables that its probabilities depend on.
struct DagNode {
  std::string name;
  std::vector<std::string> states;
  std::vector<std::size_t> parents = {};  ///< Numbers of nodes.
};

/// What is wrong with a node, for whoever knows where the node came from.
struct NodeProblem {
  std::size_t node;
  std::string text;
};

/// A directed acyclic graph of discrete variables: a Bayesian network without its numbers.
/// Koller & Friedman 2009, chapter 3.
class Dag {
 public:
  static constexpr std::size_t kMostNodes = 1000;
  static constexpr std::size_t kMostStates = 1024;                        ///< Of one node.
  static constexpr std::uint64_t kLargestTable = std::uint64_t{1} << 20;  ///< Of one node.

  /// Throws ConfigError with the text of `problem`.
  explicit Dag(std::vector<DagNode> nodes);

  /// The first thing that is wrong: no or too many nodes, a name that is taken, empty, or cannot be
  /// written in a query, a parent that is no node or named twice, arrows in a circle, a table
  /// over kLargestTable.
  static std::optional<NodeProblem> problem(const std::vector<DagNode>& nodes);

  std::size_t size() const { return nodes_.size(); }
  const DagNode& node(std::size_t i) const { return nodes_[i]; }
  const std::vector<DagNode>& nodes() const { return nodes_; }
  const std::vector<std::size_t>& children(std::size_t i) const { return children_[i]; }
  const std::vector<std::size_t>& order() const { return order_; }  ///< Parents before children.

  std::size_t states(std::size_t i) const { return nodes_[i].states.size(); }
  std::size_t rows(std::size_t i) const;  ///< Settings of i's parents; 1 without parents.
  /// "Rain=yes, Sprinkler=off" for a row of i's table, the last parent changing fastest.
  std::string row_name(std::size_t i, std::size_t row) const;

  /// Free numbers of the tables: sum_i (q_i - 1) prod_{j in parents} q_j.
  std::uint64_t parameters() const;

  /// The nodes themselves and all from which arrows lead to them; one flag per node.
  std::vector<bool> ancestors(const std::vector<std::size_t>& nodes) const;

  std::size_t index_of(std::string_view name) const;  ///< Throws ConfigError, naming the nodes.
  /// A state by name, or by number from 0.  Throws ConfigError, naming the states.
  std::size_t state_of(std::size_t i, std::string_view state) const;

 private:
  std::vector<DagNode> nodes_;
  std::vector<std::vector<std::size_t>> children_;
  std::vector<std::size_t> order_;
};

/// Why a text cannot name a node or a state, or "": queries need , ; | = and CSV needs quotes.
std::string name_problem(std::string_view name);

}  // namespace kiln
