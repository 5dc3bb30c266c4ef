#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace kiln::program {

/// A word that may be typed, and what it is.
struct Candidate {
  std::string word, help = {};
};

/// What may stand at the last of the words, which is perhaps begun: commands, topics, options,
/// models, sources or an option's values.  None where a file or a number is meant.
std::vector<Candidate> candidates(const CLI::App& app, const std::vector<std::string>& words);

}  // namespace kiln::program
