#include "kiln/metrics/roc.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kiln/core/error.h"
#include "kiln/core/philox.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

using Scores = std::vector<double>;

// Scores with many ties: whole numbers below `distinct`.
Scores tied(std::size_t count, std::uint64_t distinct, std::uint64_t key) {
  Philox rng(key);
  Scores scores(count);
  for (auto& score : scores) score = static_cast<double>(rng.below(distinct));
  return scores;
}

double wins(double positive, double negative) {
  return positive > negative ? 1.0 : positive == negative ? 0.5 : 0.0;
}

double mean(const Scores& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double variance(const Scores& values) {
  const double middle = mean(values);
  double sum = 0;
  for (const double value : values) sum += (value - middle) * (value - middle);
  return sum / static_cast<double>(values.size() - 1);
}

TEST(Roc, AreaAndErrorEqualThoseOfCountingPairs) {
  for (std::uint64_t key = 0; key < 20; ++key) {
    const auto positives = tied(5 + key, 2 + key, 2 * key);
    auto negatives = tied(24 - key, 2 + key, 2 * key + 1);
    Scores of_positive(positives.size()), of_negative(negatives.size());
    for (std::size_t i = 0; i < positives.size(); ++i)
      for (std::size_t j = 0; j < negatives.size(); ++j) {
        const double win = wins(positives[i], negatives[j]);
        of_positive[i] += win / static_cast<double>(negatives.size());
        of_negative[j] += win / static_cast<double>(positives.size());
      }
    const auto area = auroc(positives, negatives);
    EXPECT_NEAR(area.value, mean(of_positive), 1e-12);
    EXPECT_NEAR(area.standard_error,
                std::sqrt(variance(of_positive) / static_cast<double>(positives.size()) +
                          variance(of_negative) / static_cast<double>(negatives.size())),
                1e-12);
    const auto turned = auroc(negatives, positives);
    EXPECT_NEAR(turned.value, 1 - area.value, 1e-12);
    EXPECT_NEAR(turned.standard_error, area.standard_error, 1e-12);
  }
}

TEST(Roc, KnownAreas) {
  EXPECT_EQ(auroc({3, 4}, {1, 2}).value, 1);
  EXPECT_EQ(auroc({1, 2}, {3, 4}).value, 0);
  EXPECT_EQ(auroc({2, 2}, {2}).value, 0.5);
  EXPECT_EQ(auroc({2}, {1}).standard_error, 0);
  EXPECT_EQ(auroc({1, 3}, {2, 3}).value, 0.375);
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(auroc({inf, 0}, {-inf, 0}).value, 0.875);
}

TEST(Roc, TheAreaUnderTheCurveIsTheAreaOfPairs) {
  for (std::uint64_t key = 0; key < 10; ++key) {
    const auto positives = tied(13, 7, key), negatives = tied(17, 7, key + 100);
    const auto curve = roc_curve(positives, negatives);
    double area = 0;
    for (std::size_t i = 1; i < curve.true_positive_rate.size(); ++i) {
      const double step = curve.false_positive_rate[i] - curve.false_positive_rate[i - 1];
      EXPECT_GE(step, 0);
      EXPECT_GE(curve.true_positive_rate[i], curve.true_positive_rate[i - 1]);
      area += step * (curve.true_positive_rate[i] + curve.true_positive_rate[i - 1]) / 2;
    }
    EXPECT_NEAR(area, auroc(positives, negatives).value, 1e-12);
    EXPECT_EQ(curve.true_positive_rate.back(), 1);
    EXPECT_EQ(curve.false_positive_rate.back(), 1);
    EXPECT_LE(curve.true_positive_rate.size(), 8u);  // seven distinct scores and the start
  }
}

TEST(Roc, AveragePrecisionByHand) {
  EXPECT_NEAR(average_precision({3, 1}, {2}), 0.5 * 1 + 0.5 * 2 / 3, 1e-15);
  EXPECT_NEAR(average_precision({5, 4}, {3, 2, 1}), 1, 1e-15);
  EXPECT_NEAR(average_precision({1}, {1, 1, 1}), 0.25, 1e-15);  // a tie is one step
  EXPECT_NEAR(average_precision({2, 0}, {2, 1}), 0.5 / 2 + 0.5 * 2 / 4, 1e-15);
}

TEST(Roc, FalsePositivesAtAShareOfTruePositivesByHand) {
  const Scores positives{1, 2, 3, 4}, negatives{2.5, 2, 0, -1};
  EXPECT_EQ(false_positive_rate_at(0.5, positives, negatives), 0);
  EXPECT_EQ(false_positive_rate_at(0.75, positives, negatives), 0.5);  // threshold 2, one tie
  EXPECT_EQ(false_positive_rate_at(0.76, positives, negatives), 0.5);
  EXPECT_EQ(false_positive_rate_at(1, positives, negatives), 0.5);
  EXPECT_EQ(false_positive_rate_at(1, {-1}, negatives), 1);
}

TEST(Roc, RefusesNothingAndNan) {
  EXPECT_EQ(message_of<ConfigError>([] { auroc({}, {1}); }), "[roc] there is no positive item");
  EXPECT_EQ(message_of<ConfigError>([] { roc_curve({1}, {}); }), "[roc] there is no negative item");
  EXPECT_EQ(message_of<ConfigError>([] {
              average_precision({1}, {0, std::nan("")});
            }),
            "[roc] the score of negative item 1 is NaN");
  EXPECT_EQ(message_of<ConfigError>([] { false_positive_rate_at(0, {1}, {0}); }),
            "[roc] a rate of true positives lies in (0, 1], got 0");
}

}  // namespace
}  // namespace kiln
