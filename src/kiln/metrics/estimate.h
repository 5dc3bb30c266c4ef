#pragma once

#include <functional>

#include "kiln/core/batch.h"
#include "kiln/data/loader.h"

namespace kiln {

/// A mean over a data set, with its standard error.
struct Estimate {
  double mean = 0;            ///< In the unit of the metric.
  double standard_error = 0;  ///< Of the mean; NaN for a single item.
  std::int64_t items = 0;     ///< How many were looked at.
};

/// A share of so many items, with the error of a count.
Estimate of_share(double share, std::int64_t items);

/// Mean over every item that `loader` still gives (repeat = false) of a figure per item: batch ->
/// [B].  No gradient.  Sums in float64.
Estimate average(Loader& loader, torch::Device device,
                 const std::function<Tensor(const Batch&)>& figure);

}  // namespace kiln
