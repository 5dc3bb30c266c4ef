#pragma once

#include <functional>
#include <vector>

#include "kiln/core/tensor.h"

namespace kiln {

// Maximum mean discrepancy between two samples. Gretton et al. 2012, JMLR 13:723.
// Shapes: a [N, J], b [M, J], of one floating type.

/// k(a_i, b_j) for every pair: a [N, J], b [M, J] -> [N, M].
using Kernel = std::function<Tensor(const Tensor& a, const Tensor& b)>;

/// exp(-|a - b|^2 / (2 width^2)).
Kernel rbf_kernel(double width);

/// sum_s s C / (s C + |a - b|^2): inverse multiquadratics, k(a, a) = the number of scales.
/// arXiv:1711.01558, section 4, where C = 2 J sigma^2 is the expected squared distance of two draws
/// of N(0, sigma^2 I).
Kernel imq_kernel(double c, std::vector<double> scales = {.1, .2, .5, 1, 2, 5, 10});

/// <a, b>: MMD^2 is then the squared distance between the means.
Kernel linear_kernel();

/// -|a - b|: MMD^2 is then the energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'|, 0 only for equal
/// laws.  Szekely & Rizzo 2013, J. Stat. Plan. Inference 143:1249; as an MMD: Sejdinovic et al.
/// 2013, arXiv:1207.6076.  No square root of rounding errors: a row is at 0 from its equal.
Kernel distance_kernel();

/// The median heuristic for the width of rbf_kernel: the lower median of |x_i - x_j| over the pairs
/// of rows that differ, x [P, J]; 1 where none differ.  All pairs are held at once, P (P - 1) / 2.
double median_distance(const Tensor& x);

/// 1/(N(N-1)) sum_{i!=j} k(a_i, a_j) + 1/(M(M-1)) sum_{i!=j} k(b_i, b_j) - 2/(NM) sum k(a_i, b_j),
/// [].  Its expectation is MMD^2, so 0 for equal laws; a single value may be negative.  Throws
/// ShapeError unless both are [*, J], and ConfigError for fewer than two rows.  Pairs are taken in
/// blocks of rows: without gradients memory grows with N + M, not with N M.
Tensor mmd2_unbiased(const Kernel& kernel, const Tensor& a, const Tensor& b);

/// 1/N^2 sum k(a_i, a_j) + 1/M^2 sum k(b_i, b_j) - 2/(NM) sum k(a_i, b_j) >= 0, [].
Tensor mmd2_biased(const Kernel& kernel, const Tensor& a, const Tensor& b);

}  // namespace kiln
