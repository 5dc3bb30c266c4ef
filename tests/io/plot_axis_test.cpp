// needs: base
#include "kiln/io/plot_axis.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kiln/core/philox.h"

namespace kiln {
namespace {

const double kNan = std::numeric_limits<double>::quiet_NaN();

std::vector<std::string> labels(const std::vector<Tick>& ticks) {
  std::vector<std::string> list;
  for (const auto& tick : ticks) list.push_back(tick.label);
  return list;
}

using Texts = std::vector<std::string>;

TEST(PlotAxis, TicksOfKnownRanges) {
  EXPECT_EQ(labels(linear_ticks({0, 1}, 5)), (Texts{"0", "0.2", "0.4", "0.6", "0.8", "1.0"}));
  EXPECT_EQ(labels(linear_ticks({-3, 3}, 6)), (Texts{"-3", "-2", "-1", "0", "1", "2", "3"}));
  EXPECT_EQ(labels(linear_ticks({90, 310}, 5)), (Texts{"100", "150", "200", "250", "300"}));
  EXPECT_EQ(labels(linear_ticks({0, 60000}, 6)),
            (Texts{"0", "10k", "20k", "30k", "40k", "50k", "60k"}));
  EXPECT_EQ(labels(linear_ticks({0, 4e6}, 4)), (Texts{"0", "1M", "2M", "3M", "4M"}));
  EXPECT_EQ(labels(linear_ticks({0, 4e-9}, 4)), (Texts{"0", "1e-09", "2e-09", "3e-09", "4e-09"}));
  EXPECT_EQ(labels(linear_ticks({0.05, -0.05}, 2)), (Texts{"-0.05", "0", "0.05"}));
}

TEST(PlotAxis, TicksAreRoundInRangeAndAsManyAsAsked) {
  Philox rng(1);
  for (int i = 0; i < 1000; ++i) {
    const double scale = std::pow(10, rng.uniform(-12, 12));
    const double low = scale * rng.normal(), high = low + scale * rng.uniform(0.01, 1);
    const auto ticks = linear_ticks({low, high}, 6);
    ASSERT_GE(ticks.size(), 3u);
    ASSERT_LE(ticks.size(), 12u);
    const double step = ticks[1].value - ticks[0].value;
    EXPECT_GE(ticks.front().value, low - 1e-8 * step);
    EXPECT_LE(ticks.back().value, high + 1e-8 * step);
    const double lead = step / std::pow(10, std::floor(std::log10(step) + 1e-6));
    EXPECT_LT(std::min({std::abs(lead - 1), std::abs(lead - 2), std::abs(lead - 5)}), 1e-3);
  }
}

TEST(PlotAxis, LabelsOfNeighbouringTicksDiffer) {
  Philox rng(2);
  for (int i = 0; i < 1000; ++i) {
    const double scale = std::pow(10, rng.uniform(-9, 12));
    const double low = 5 * scale * rng.normal();
    const auto ticks = linear_ticks({low, low + scale}, 5);
    for (std::size_t t = 1; t < ticks.size(); ++t)
      EXPECT_NE(ticks[t].label, ticks[t - 1].label) << low << " " << scale;
  }
}

TEST(PlotAxis, LogTicksArePowersOfTen) {
  EXPECT_EQ(labels(log_ticks({1e-5, 1e-1}, 6)), (Texts{"10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²", "10⁻¹"}));
  EXPECT_EQ(labels(log_ticks({1, 100}, 6)), (Texts{"1", "2", "5", "10", "20", "50", "100"}));
  EXPECT_EQ(labels(log_ticks({1e-3, 9e3}, 9)),
            (Texts{"0.001", "0.01", "0.1", "1", "10", "100", "1000"}))
      << "short numbers are written out where all of them are short";
  EXPECT_EQ(labels(log_ticks({1e4, 2e5}, 6)), (Texts{"10⁴", "2·10⁴", "5·10⁴", "10⁵", "2·10⁵"}));
  EXPECT_EQ(labels(log_ticks({30, 40}, 5)), (Texts{"30", "32", "34", "36", "38", "40"}))
      << "no two powers fit";
  EXPECT_LE(log_ticks({1e-300, 1e300}, 6).size(), 8u);
}

TEST(PlotAxis, RangesLeaveOutWhatCannotBeShown) {
  const std::vector<double> values{3, kNan, -2, HUGE_VAL, -HUGE_VAL, 1e305};
  EXPECT_EQ(range_of(values).low, -2);
  EXPECT_EQ(range_of(values).high, 3);
  EXPECT_EQ(range_of(values, true).low, 3) << "a log axis has no room for -2";
  EXPECT_EQ(range_of({}).high, 1);
  EXPECT_EQ(range_of({}, true).low, 1);
}

TEST(PlotAxis, AnEmptyRangeBecomesOneThatCanBeDrawn) {
  for (const double at : {0.0, 5.0, -1e12, 1e-12}) {
    const auto range = widened({at, at}, 0);
    EXPECT_LT(range.low, at);
    EXPECT_GT(range.high, at);
    EXPECT_GE(linear_ticks(range, 5).size(), 2u);
  }
  const auto log = widened({10, 1000}, 0.5, true);
  EXPECT_NEAR(log.low, 1, 1e-9);
  EXPECT_NEAR(log.high, 10000, 1e-6);
}

TEST(PlotAxis, EndsLieAtTheEndsAndTheMiddleInTheMiddle) {
  const Axis linear{.range = {-1, 3}, .from = 100, .to = 20};
  EXPECT_DOUBLE_EQ(linear.at(-1), 100);
  EXPECT_DOUBLE_EQ(linear.at(1), 60);
  EXPECT_DOUBLE_EQ(linear.at(3), 20);
  const Axis log{.range = {1e-2, 1e2}, .from = 0, .to = 40, .log = true};
  EXPECT_NEAR(log.at(1), 20, 1e-12);
  EXPECT_NEAR(log.at(10), 30, 1e-12);
}

}  // namespace
}  // namespace kiln
