#pragma once

#include "kiln/check/finding.h"
#include "kiln/models/model.h"

namespace kiln {

/// Which conditionals move when one number of x is changed.  D numbers in the order in which the
/// model visits them.
struct Leaks {
  Tensor moves;  ///< [D, J] float64, nats: row i, column j: the largest change of
                 ///< log p(x_{o_i} | ...) over the contexts when the number of step steps[j] moves.
  std::vector<std::int64_t> steps;  ///< The J steps whose numbers were moved.
};

/// Moves at most `most` numbers, evenly spaced, in every context x [B, D]: binary ones are flipped,
/// states go to the next, real ones by a standard deviation.
Leaks find_leaks(Autoregressive& model, const ValueSet& values, const Batch& items,
                 std::int64_t most = 1024);

/// What the law of a pixel reads: [H, W], the largest move of the pixel's conditionals when a
/// number of another pixel moved, 0 where none of it was moved.  `shape` is the items', C, H, W.
Tensor receptive_field(const Leaks& leaks, const Tensor& ordering,
                       const std::vector<std::int64_t>& shape, std::int64_t row,
                       std::int64_t column);

/// Nothing may move before its time: rows above the diagonal must be 0.
Finding check_causal(const Leaks& leaks);

}  // namespace kiln
