#pragma once

#include "kiln/core/rng.h"
#include "kiln/prob/mmd.h"

namespace kiln {

// Do two samples come from one law?  Permutation tests on a kernel's U-statistic
//
//   T = 1/(N(N-1)) sum_{i!=j} k(x_i, x_j) + 1/(M(M-1)) sum_{i!=j} k(y_i, y_j)
//       - 2/(NM) sum_ij k(x_i, y_j)
//
// Gretton et al. 2012, JMLR 13:723.  Under equal laws all ways to call N of the N + M pooled rows x
// are equally likely, so that p = (1 + #{permuted T >= T}) / (1 + permutations) is at most a with
// probability at most a, whatever the law, the sizes and the number of permutations; with
// probability a exactly where a (1 + permutations) is whole and no two T are equal.  A permuted T
// that falls short of T by rounding alone counts as equal.
//
// Shapes: x [N, D], y [M, D].  Arithmetic is float64 on the CPU; pairs are measured once and held,
// (N + M)^2 numbers of 8 bytes, a few times over.  Throws ShapeError unless x and y have as many
// columns, ConfigError unless all is finite, each has two rows, both together at most 5000, and
// permutations is positive.

struct TwoSampleTest {
  double statistic = 0;  ///< T: 0 on average under equal laws, and then often negative.
  double p_value = 1;    ///< From 1 / (1 + permutations) to 1.
  std::int64_t permutations = 0;
};

/// T of a kernel that does not change with the labels: its choice must not have seen which rows are
/// x.
TwoSampleTest mmd_test(const Kernel& kernel, const Tensor& x, const Tensor& y,
                       std::int64_t permutations, Rng& rng);

/// T of exp(-|a - b|^2 / (2 w^2)), w the median distance between pooled rows, over all pairs (see
/// median_distance): a function of the pooled rows, so the test stays exact.
TwoSampleTest mmd_test(const Tensor& x, const Tensor& y, std::int64_t permutations, Rng& rng);

/// T of -|a - b|: the energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'|, without bias.  It has no
/// width to choose.  In one dimension T + a / (N - 1) + b / (M - 1) = 2 int (F - G)^2, F and G the
/// two empirical distribution functions, a = 2 int F (1 - F), b = 2 int G (1 - G).
TwoSampleTest energy_test(const Tensor& x, const Tensor& y, std::int64_t permutations, Rng& rng);

}  // namespace kiln
