#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace kiln::program {

/// Which model the words after `train` are about, found before its options are known: its name or
/// that of the file of --config; else "".
std::string named_model(const CLI::App& train, const std::vector<std::string>& words);

}  // namespace kiln::program
