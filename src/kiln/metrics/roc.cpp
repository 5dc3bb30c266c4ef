#include "kiln/metrics/roc.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "kiln/core/error.h"

namespace kiln {
namespace {

using Scores = std::vector<double>;

Scores falling(const char* kind, Scores scores) {
  if (scores.empty()) throw ConfigError("roc", fmt::format("there is no {} item", kind));
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (std::isnan(scores[i]))
      throw ConfigError("roc", fmt::format("the score of {} item {} is NaN", kind, i));
  std::sort(scores.begin(), scores.end(), std::greater<>());
  return scores;
}

struct Sorted {
  Scores positives, negatives;  // falling
};

Sorted sorted(const Scores& positives, const Scores& negatives) {
  return {falling("positive", positives), falling("negative", negatives)};
}

// For each score the share of `others` above it, equal ones counted half.
Scores share_above(const Scores& scores, const Scores& others) {
  Scores shares;
  for (const double score : scores) {
    const auto [first, last] =
        std::equal_range(others.begin(), others.end(), score, std::greater<>());
    const auto above = static_cast<double>(first - others.begin());
    shares.push_back((above + 0.5 * static_cast<double>(last - first)) /
                     static_cast<double>(others.size()));
  }
  return shares;
}

double mean(const Scores& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Variance of the mean of `values`; 0 for a single one.
double variance_of_mean(const Scores& values) {
  if (values.size() < 2) return 0;
  const double middle = mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - middle) * (value - middle);
  const auto n = static_cast<double>(values.size());
  return squares / (n - 1) / n;
}

// Calls step(true positives, false positives) for every threshold, from the highest score down.
void each_threshold(const Sorted& s, const std::function<void(double, double)>& step) {
  std::size_t tp = 0, fp = 0;
  while (tp < s.positives.size() || fp < s.negatives.size()) {
    const bool left = tp < s.positives.size(), right = fp < s.negatives.size();
    const double at = !right  ? s.positives[tp]
                      : !left ? s.negatives[fp]
                              : std::max(s.positives[tp], s.negatives[fp]);
    while (tp < s.positives.size() && s.positives[tp] == at) ++tp;
    while (fp < s.negatives.size() && s.negatives[fp] == at) ++fp;
    step(static_cast<double>(tp), static_cast<double>(fp));
  }
}

}  // namespace

// The placement of a positive is the share of negatives below it, V10; that of a negative the share
// of positives above it, V01.  AUROC = mean V10 = mean V01, and its variance is
// var V10 / m + var V01 / n for m positives and n negatives.
Auroc auroc(const Scores& positives, const Scores& negatives) {
  const auto s = sorted(positives, negatives);
  const auto above = share_above(s.positives, s.negatives);  // 1 - V10
  const auto placed = share_above(s.negatives, s.positives);
  return {1 - mean(above), std::sqrt(variance_of_mean(above) + variance_of_mean(placed))};
}

RocCurve roc_curve(const Scores& positives, const Scores& negatives) {
  const auto s = sorted(positives, negatives);
  RocCurve curve{{0}, {0}};
  each_threshold(s, [&](double tp, double fp) {
    curve.false_positive_rate.push_back(fp / static_cast<double>(s.negatives.size()));
    curve.true_positive_rate.push_back(tp / static_cast<double>(s.positives.size()));
  });
  return curve;
}

double average_precision(const Scores& positives, const Scores& negatives) {
  const auto s = sorted(positives, negatives);
  double sum = 0, before = 0;
  each_threshold(s, [&](double tp, double fp) {
    sum += (tp - before) * tp / (tp + fp);
    before = tp;
  });
  return sum / static_cast<double>(s.positives.size());
}

double false_positive_rate_at(double rate, const Scores& positives, const Scores& negatives) {
  if (!(rate > 0 && rate <= 1))
    throw ConfigError("roc", fmt::format("a rate of true positives lies in (0, 1], got {}", rate));
  const auto s = sorted(positives, negatives);
  const auto m = static_cast<double>(s.positives.size());
  const auto needed = std::clamp(std::ceil(rate * m - 1e-9), 1.0, m);
  const double threshold = s.positives[static_cast<std::size_t>(needed) - 1];
  const auto last =
      std::upper_bound(s.negatives.begin(), s.negatives.end(), threshold, std::greater<>());
  return static_cast<double>(last - s.negatives.begin()) / static_cast<double>(s.negatives.size());
}

}  // namespace kiln
