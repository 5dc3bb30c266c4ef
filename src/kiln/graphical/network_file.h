#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kiln/graphical/bayes_net.h"

namespace kiln {

/// A network as a TOML file:
///
///     [[node]]
///     name = "Rain"
///     states = ["no", "yes"]        # or a number: states = 2 are "0" and "1"
///     table = [0.8, 0.2]            # without parents; [[0.8, 0.2]] is the same
///
///     [[node]]
///     name = "WetGrass"
///     states = ["dry", "wet"]
///     parents = ["Sprinkler", "Rain"]
///     table = [[1.0, 0.0],          # Sprinkler=off, Rain=no
///              ...]                 # the last parent changes fastest
///
/// Tables may be absent when only the graph is needed.
struct NetworkFile {
  std::string name;  ///< Of the file, for messages.
  Dag dag;
  std::vector<std::vector<double>> tables;  ///< Empty where the file gives none.

  /// Throws IoError naming the first node without a table.
  BayesNet law() const;
};

/// Throws IoError (file, line, node, remedy) for whatever is wrong, TOML's syntax included, and for
/// files over 64 MiB.
NetworkFile read_network(const std::filesystem::path& path);
NetworkFile parse_network(const std::string& name, const std::string& text);

/// The same format, every number in the shortest form that reads back to the same double.
std::string to_toml(const BayesNet& net);

/// Writes it atomically.  Throws IoError, also when the text would be over 64 MiB.
void write_network(const std::filesystem::path& path, const BayesNet& net);

}  // namespace kiln
