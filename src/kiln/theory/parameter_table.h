#pragma once

#include <string>
#include <vector>

#include "kiln/prob/parameter_count.h"

namespace kiln {

/// One kind of law over n variables of q states and what it costs.
struct ParameterRow {
  std::string key;      ///< "joint", "chain_rule", "independent", "markov", ...
  std::string law;      ///< In words.
  std::string formula;  ///< With the numbers put in: "2^784 - 1".
  ParameterCount count;
};

/// The joint table, the chain rule (the same number, as its sum), the independent law, the Markov
/// chain of the given order by position and homogeneous, and one RGB pixel of 256 levels a channel.
/// Throws ConfigError as parameter_count.h says.
std::vector<ParameterRow> parameter_table(std::int64_t n, std::int64_t states, std::int64_t order);

/// Where the laws part.
struct ParameterCrossover {
  std::int64_t joint_until;  ///< Up to this n the chain by position is the joint table.
  /// From this n on the homogeneous chain has fewer parameters than the independent law; text
  /// because it may be astronomic.
  std::string homogeneous_wins_from;
};
ParameterCrossover parameter_crossover(std::int64_t states, std::int64_t order);

/// Parameters (log axis) against the number of variables, up to an n where the curves can still be
/// told apart, as SVG.
std::string parameter_plot(std::int64_t n, std::int64_t states, std::int64_t order);

}  // namespace kiln
