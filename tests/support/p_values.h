#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace kiln {

// Kolmogorov's distance between p-values and the uniform law, taken at the values that a discrete
// p-value can have: sup over a in `atoms` of |share of p-values <= a - a|.  If P(p <= a) = a at
// each of them it is at most that of continuous p-values, for p is then a uniform number rounded up
// to the next atom: above 1.63 / sqrt(n) at most once in a hundred times.
inline double distance_from_uniform(const std::vector<double>& p_values,
                                    const std::vector<double>& atoms) {
  double most = 0;
  for (const double a : atoms) {
    const auto below =
        std::count_if(p_values.begin(), p_values.end(), [a](double p) { return p <= a + 1e-12; });
    most = std::max(
        most, std::abs(static_cast<double>(below) / static_cast<double>(p_values.size()) - a));
  }
  return most;
}

}  // namespace kiln
