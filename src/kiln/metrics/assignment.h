#pragma once

#include <vector>

#include "kiln/core/tensor.h"

namespace kiln {

/// For every row of a table of values [N, M], N <= M, a column of its own, so that the sum of the
/// chosen values is the largest: the Hungarian method, Kuhn 1955, in N^2 M steps.
std::vector<std::int64_t> best_assignment(const Tensor& values);

/// What clusters that know no labels say of them: the share of items whose cluster is the one that
/// the best one-to-one assignment gives their class.  found [N] and y [N] int64, 0 up.
double matched_accuracy(const Tensor& found, const Tensor& y);

}  // namespace kiln
