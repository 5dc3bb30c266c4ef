#pragma once

#include <string>
#include <vector>

#include "kiln/use/run_history.h"

namespace kiln::report {

/// Learning curves as HTML figures: the players' losses, with the first figure of validation beside
/// the loss of a single player, then every other scalar on its own.
std::string learning_curves(const RunHistory& history);

/// Validation of several runs in one plot over steps and one over seconds; empty unless two of them
/// were validated by one metric.
std::string compared_validation(const std::vector<std::pair<std::string, const RunHistory*>>& runs);

}  // namespace kiln::report
