#pragma once

#include <vector>

#include "apps/kiln/arguments.h"
#include "kiln/prob/line_law.h"

namespace kiln::program {

/// Two laws on the line and a critic that learned to tell them: V and the divergences are in nats.
struct Laboratory {
  std::vector<double> x = {}, p = {}, q = {};
  std::vector<double> best = {}, trained = {};  ///< D* and the trained D at x.
  std::vector<double> steps = {}, bounds = {};
  double js = 0, mutual = 0, best_value = 0, trained_value = 0, worst = 0;
};

/// Trains the critic as it is asked.
Laboratory run_laboratory(const LineLaw& p, const LineLaw& q, const LineCriticArguments& a);

}  // namespace kiln::program
