#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace kiln::program {

/// What `kiln theory bayesnet` is asked.
struct BayesnetArguments {
  std::string file, query, dsep, gtest, data, fit, chow_liu, svg, out;
  std::optional<std::string> root;
  std::optional<double> prior;
  std::optional<std::int64_t> sample;
  std::int64_t seed = 1;
  bool parameters = false;

  /// Whether anything is asked of the network.
  bool asks() const {
    return parameters || sample || !(query + dsep + gtest + fit + chow_liu + svg).empty();
  }
};

/// Throws ConfigError unless every option is used.
void check_bayesnet(const BayesnetArguments& a);

}  // namespace kiln::program
