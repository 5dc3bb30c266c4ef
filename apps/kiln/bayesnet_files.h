#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "apps/kiln/bayesnet_answers.h"
#include "apps/kiln/console.h"
#include "kiln/graphical/bayes_net.h"
#include "kiln/graphical/discrete_columns.h"
#include "kiln/graphical/elimination.h"

namespace kiln::program {

// What a Bayesian network has to do with files: tables of rows that it is learned from, tested by
// and drawn into, and pictures of its graph.  Written files get all the folders that they lack.

/// The columns of a CSV file that have the nodes' names, in their order.  Throws IoError.
DiscreteColumns read_node_columns(const std::string& file, const Dag& dag);

/// A network with the tables that rows gave it, and what there is to say of it.
struct FittedNetwork {
  BayesNet law;
  Said said;
};

/// Fills the graph's tables by counting, `prior` added to every count, and writes the network to
/// `out` unless that is empty.  Log-likelihoods are in nats.  Throws ConfigError or IoError.
FittedNetwork fit_tables(const Dag& dag, const DiscreteColumns& data, double prior,
                         const std::string& out);

/// Warns of states without rows: without a prior they have probability zero, and so has every item
/// that shows one.
void warn_of_zeros(const Dag& dag, const DiscreteColumns& data, const Console& console);

/// The G-test of "A ; B | C" on the rows of a CSV file, beside what the graph says.  Throws
/// ConfigError for a question that it cannot read or of more than two nodes, or IoError.
Said test_rows(const Dag& dag, const std::string& question, const std::string& file);

/// Throws ConfigError for more rows than are drawn.
void check_rows(const Dag& dag, std::size_t rows);

/// Draws rows into a CSV file.  Throws IoError.
Said draw_rows(const BayesNet& law, std::size_t rows, std::uint64_t seed, const std::string& out);

/// Draws the graph into an SVG file: what the query knows is grey, what it asks for has a thick
/// border.  Throws ConfigError for a graph that is too large to read, or IoError.
Said draw_graph(const Dag& dag, const std::string& title, const std::optional<NetworkQuery>& query,
                const std::string& out);

}  // namespace kiln::program
