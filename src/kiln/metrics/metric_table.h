#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kiln {

/// What a figure is taken of, and so by what it is measured.
enum class MetricOf {
  items,            ///< Each item by the model's own law, code or class.
  annealing,        ///< The same by chains from the prior to the posterior.
  modes,            ///< Samples counted at the modes of a known law.
  samples,          ///< A set of samples beside a set of items.
  codes,            ///< Codes that are read back.
  reconstructions,  ///< Pictures beside themselves decoded.
  training          ///< Only a training looks at it.
};

enum class Better { less, more, neither };

/// A figure that models are judged by.
struct Metric {
  std::string name;  ///< information_PART stands for every part of the codes.
  std::string unit;
  Better better = Better::less;
  MetricOf of = MetricOf::items;
  std::vector<std::string> needs;  ///< Capabilities, by their names.
  int digits = 3;                  ///< Behind the point, where validation prints it.
};

/// The one list of them; evaluation, validation, reports and help read it.
const std::vector<Metric>& metrics();

/// The row of a name, information_categorical0 and cycle_error_b2a among them; null where there is
/// none.
const Metric* find_metric(std::string_view name);

/// "nats" for a name that is none of them.
std::string_view metric_unit(std::string_view metric);

/// Whether more is better.
bool rises(std::string_view metric);

/// Behind the point, where validation prints it.
int metric_digits(std::string_view metric);

}  // namespace kiln
