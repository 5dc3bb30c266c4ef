#pragma once

#include <vector>

namespace kiln {

// How well a score tells two kinds of items apart: the larger it is, the more an item is taken for
// a positive.  Every function throws ConfigError unless there is an item of both kinds and no score
// is NaN; infinite scores are scores.

struct Auroc {
  double value = 0;  ///< P(positive > negative) + P(positive = negative) / 2.
  double standard_error = 0;
};

/// Area under the ROC curve with the standard error of DeLong, DeLong & Clarke-Pearson 1988; both
/// by midranks in O(N log N).
Auroc auroc(const std::vector<double>& positives, const std::vector<double>& negatives);

/// Rates for every threshold, from nothing taken for positive, (0, 0), to all, (1, 1); equal scores
/// make one step.
struct RocCurve {
  std::vector<double> false_positive_rate, true_positive_rate;
};
RocCurve roc_curve(const std::vector<double>& positives, const std::vector<double>& negatives);

/// sum over thresholds of (recall gained) * precision.
double average_precision(const std::vector<double>& positives,
                         const std::vector<double>& negatives);

/// Share of the negatives at or above the highest threshold that takes in at least `rate` of the
/// positives.  Throws ConfigError unless 0 < rate <= 1.
double false_positive_rate_at(double rate, const std::vector<double>& positives,
                              const std::vector<double>& negatives);

}  // namespace kiln
