#pragma once

#include <array>

#include "kiln/core/tensor.h"
#include "kiln/data/loader.h"

namespace kiln {

// Does a model repeat the items that it learned from?  Samples of one that does lie nearer to them
// than data of the same law do that it has not seen. Meehan, Chaudhuri & Dasgupta 2020,
// arXiv:2004.05675.  (nearest_neighbours.h is about classes, not about this.)
//
// M rows, N items of the data, D numbers each; distances are squared and Euclidean.

/// The k items that lie nearest to each row, nearest first.
struct NearestItems {
  Tensor distance;  ///< [M, k] float64; exactly 0 where an item equals the row.
  Tensor index;     ///< [M, k] int64, places in the loader's pass.
};

/// The nearest of all items that `loader` still gives (one pass, in order, from its start), in its
/// values, to each of x [M, ...].  k is at most N.  Holds one batch and the rows, in float64.
/// Throws ShapeError unless a row has as many numbers as an item, ConfigError unless k is positive.
NearestItems nearest_training_items(const Tensor& x, Loader& loader, std::int64_t k);

/// How near samples come to the training items, beside how near held-out items come.
struct TrainingNearness {
  static constexpr std::array<double, 5> kShares{0.05, 0.25, 0.5, 0.75, 0.95};
  std::array<double, 5> samples = {};   ///< Quantiles of the distances at kShares.
  std::array<double, 5> held_out = {};  ///< The same of the held-out items.
  double nearer = 0;  ///< Share of the samples nearer than the 5 % quantile of the held-out items.
  double nearer_error = 0;  ///< Standard error of `nearer` about 5 % if both had the same law.
  double equal = 0;         ///< Share of the samples that equal a training item.
  double held_out_equal = 0;

  /// Whether more samples are that near than chance explains: 3 standard errors.
  bool suspicious() const { return nearer > kShares.front() + 3 * nearer_error; }
};

/// From the distances to the nearest training item, of samples [S] and of held-out items [H], both
/// float64.  Quantiles lie between two distances where they must, on the straight line.  Throws
/// ShapeError where one is empty.
TrainingNearness training_nearness(const Tensor& samples, const Tensor& held_out);

}  // namespace kiln
