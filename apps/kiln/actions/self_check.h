#pragma once

#include <functional>
#include <string>
#include <vector>

namespace kiln::program {

/// One thing that must work on every machine.
struct SelfCheck {
  std::string name;
  std::string problem;  ///< Empty when all is well.
};

/// Known answers and round trips, in well under a second.  A check that throws has that as its
/// problem.
std::vector<SelfCheck> run_self_checks();

/// What this machine reaches, the best of a few runs: products of 768 x 768 matrices in GFLOP/s,
/// copies of 64 MiB in GB/s (read and written bytes both count).
struct MachineRates {
  double matrix_gflops = 0;
  double copy_gb_per_s = 0;
};
MachineRates measure_rates();

}  // namespace kiln::program
