#pragma once

#include <span>
#include <string>
#include <vector>

namespace kiln {

struct Range {
  double low = 0, high = 1;
};

/// Whether a plot can show the number: finite, of sane size, and positive on a log axis.
bool plottable(double value, bool log = false);

/// Widens `range` by `share` of its length on both sides (by ratio when `log`); an empty range
/// grows until it can be drawn.
Range widened(Range range, double share, bool log = false);

/// Lengthens the shorter of two ranges about its middle until both are as long.
void equalise(Range& x, Range& y);

/// The plottable numbers' ends; {0, 1} (or {1, 10} when `log`) if there is none.
Range range_of(std::span<const double> values, bool log = false);

struct Tick {
  double value;
  std::string label;
};

/// Round numbers, 1, 2 or 5 times a power of ten apart, about `count` of them within the range.
std::vector<Tick> linear_ticks(Range range, int count);

/// Powers of ten, with their 2- and 5-folds where few fit.
std::vector<Tick> log_ticks(Range range, int count);

/// Maps values to pixels.
struct Axis {
  Range range;
  double from = 0, to = 1;  ///< Pixels of range.low and range.high.
  bool log = false;
  double at(double value) const;
};

}  // namespace kiln
