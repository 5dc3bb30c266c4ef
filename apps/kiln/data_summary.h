#pragma once

#include <map>
#include <vector>

#include "kiln/data/dataset.h"

namespace kiln::program {

/// Mean, spread and range of some numbers.
struct NumberSummary {
  std::int64_t count = 0;
  double mean = 0, squares = 0;  ///< squares: sum of squared differences from the mean.
  double smallest = 0, largest = 0;

  void add(double value);  ///< Welford's update: no cancellation.
  double standard_deviation() const;
};

/// What some items of a data set hold.
struct DataSummary {
  std::int64_t items = 0;  ///< Looked at: evenly spaced over the data set.
  NumberSummary all;
  std::vector<NumberSummary> columns;              ///< Of a table with at most 64 columns.
  std::map<std::int64_t, std::int64_t> per_class;  ///< Class -> items.
  std::vector<std::int64_t> preview;  ///< Items to show: in class order, the same number of each.
};

/// Reads at most `most_items` items; `shown` is the number of items wanted in the preview.
DataSummary summarize(const Dataset& data, std::int64_t most_items, std::int64_t shown);

}  // namespace kiln::program
