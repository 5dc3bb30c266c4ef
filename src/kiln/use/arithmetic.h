#pragma once

#include <string>
#include <vector>

#include "kiln/use/judged_data.h"

namespace kiln {

/// Items whose codes move by the mean codes of some attributes, less those of others.
struct ArithmeticAsk {
  std::vector<std::string> plus = {}, minus = {};  ///< label=CLASS or ATTRIBUTE=VALUE.
  std::string from = {};                           ///< Items by number; empty: the first that fit.
  std::string data = {}, split = {};               ///< Empty: the run's own.
  std::int64_t steps = 5;                          ///< Pictures on the way.
  double strength = 1;                             ///< Times the difference.
  std::int64_t items = 2000;  ///< Means over at most so many of the first; 0: all.
  std::uint64_t seed = 1;
  torch::Device device = torch::kCPU;
};

struct ArithmeticAnswer {
  std::string data;
  std::vector<std::int64_t> items;  ///< That were changed.
  double direction_norm = 0;        ///< Length of the difference of means.
  Tensor rows;                      ///< Each item and its steps, [items (steps + 1), C, H, W].
};

/// Throws ConfigError for a run that does not encode and decode pictures, and for attributes that
/// the data do not know.
ArithmeticAnswer code_arithmetic(const TrainedModel& run, const ArithmeticAsk& ask);

}  // namespace kiln
