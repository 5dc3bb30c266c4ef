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

/// A pixel of pictures [C, H, W].
struct PixelOfShape {
  std::vector<std::int64_t> shape;  ///< C, H, W.
  std::int64_t row = 0, column = 0;
};

/// What the law of a pixel reads: [H, W] float64, the largest move of the pixel's conditionals when
/// a number of another pixel moved; NaN where none of it was moved.
Tensor receptive_field(const Leaks& leaks, const Tensor& ordering, const PixelOfShape& pixel);

/// The same, of the numbers before and behind the pixel's own that are nearest to it in the order,
/// 4096 of each: all of them where there are no more.
Tensor receptive_field(Autoregressive& model, const ValueSet& values, const Batch& items,
                       const PixelOfShape& pixel);

/// Nothing may move before its time: rows above the diagonal must be 0.
Finding check_causal(const Leaks& leaks);

}  // namespace kiln
