// needs: base
#include "kiln/graphical/g_test.h"

#include <gtest/gtest.h>

#include <tuple>

#include <cmath>
#include <map>

#include "kiln/core/philox.h"
#include "tests/support/refusal.h"

namespace kiln {
namespace {

using Column = std::vector<std::uint16_t>;

Column random_column(std::size_t rows, std::uint64_t states, Philox& random) {
  Column column;
  for (std::size_t n = 0; n < rows; ++n)
    column.push_back(static_cast<std::uint16_t>(random.below(states)));
  return column;
}

// H of several columns together, from their counts.
double entropy(const std::vector<Column>& columns) {
  std::map<std::vector<std::uint16_t>, double> counts;
  const auto rows = columns[0].size();
  for (std::size_t n = 0; n < rows; ++n) {
    std::vector<std::uint16_t> key;
    for (const auto& column : columns) key.push_back(column[n]);
    ++counts[key];
  }
  double sum = 0;
  for (const auto& [key, count] : counts) {
    const double p = count / static_cast<double>(rows);
    sum -= p * std::log(p);
  }
  return sum;
}

// chi-square_2 has the tail exp(-v/2), chi-square_1 erfc(sqrt(v/2)), chi-square_4 (1 + v/2)
// exp(-v/2); 3.841459 and 18.307038 are the 5 % points of 1 and 10 degrees in every table.
TEST(GTest, ChiSquareTail) {
  for (const double v : {0.0, 0.3, 2.0, 7.5, 40.0, 300.0}) {
    EXPECT_NEAR(chi_square_tail(v, 2) / std::exp(-v / 2), 1, 1e-12);
    EXPECT_NEAR(chi_square_tail(v, 1) / std::erfc(std::sqrt(v / 2)), 1, 1e-12);
    EXPECT_NEAR(chi_square_tail(v, 4) / ((1 + v / 2) * std::exp(-v / 2)), 1, 1e-12);
  }
  EXPECT_NEAR(chi_square_tail(3.841459, 1), 0.05, 1e-7);
  EXPECT_NEAR(chi_square_tail(18.307038, 10), 0.05, 1e-7);
}

// Counts 10 20 / 30 5: G = 2 sum N ln(N / E), E = row x column / 65.
TEST(GTest, ATableByHand) {
  Column x, y;
  for (const auto& [a, b, count] : {std::tuple(0, 0, 10), {0, 1, 20}, {1, 0, 30}, {1, 1, 5}})
    for (int n = 0; n < count; ++n)
      x.push_back(static_cast<std::uint16_t>(a)), y.push_back(static_cast<std::uint16_t>(b));
  const auto test = g_test(x, y, {});
  const double g =
      2 * (10 * std::log(10 * 65 / (30.0 * 40)) + 20 * std::log(20 * 65 / (30.0 * 25)) +
           30 * std::log(30 * 65 / (35.0 * 40)) + 5 * std::log(5 * 65 / (35.0 * 25)));
  EXPECT_NEAR(test.g, g, 1e-10);
  EXPECT_EQ(test.degrees, 1);
  EXPECT_EQ(test.rows, 65);
  EXPECT_EQ(test.strata, 1);
  EXPECT_NEAR(test.smallest_expected, 30.0 * 25 / 65, 1e-12);
  EXPECT_NEAR(test.p_value, std::erfc(std::sqrt(g / 2)), 1e-12);
}

TEST(GTest, GIsTwiceTheRowsTimesTheConditionalInformation) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Philox random(derive_key(5, "information", seed));
    const auto x = random_column(400, 3, random), z = random_column(400, 4, random);
    auto y = random_column(400, 3, random);
    const auto w = random_column(400, 2, random);
    for (std::size_t n = 0; n < y.size(); ++n)
      if (random.bernoulli(0.3)) y[n] = static_cast<std::uint16_t>((x[n] + z[n]) % 3);
    const double information =
        entropy({x, z, w}) + entropy({y, z, w}) - entropy({x, y, z, w}) - entropy({z, w});
    const auto test = g_test(x, y, {z, w});
    EXPECT_NEAR(test.g, 2 * 400 * information, 1e-9);
    EXPECT_NEAR(test.mutual_information, information, 1e-12);
    EXPECT_EQ(test.degrees, 2 * 2 * 8);
    EXPECT_EQ(test.strata, 8);
  }
}

TEST(GTest, EmptyStrataAndEmptyMarginsGiveNoDegrees) {
  //            z = 0: x in {0, 1, 2}, y in {0, 1}    z = 2: x = 1 alone      z = 5: 2 x 2
  const Column x{0, 1, 2, 0, 1, 2, /**/ 1, 1, 1, /**/ 0, 2, 0, 2};
  const Column y{0, 0, 0, 1, 1, 1, /**/ 0, 1, 2, /**/ 1, 1, 2, 2};
  const Column z{0, 0, 0, 0, 0, 0, /**/ 2, 2, 2, /**/ 5, 5, 5, 5};
  const auto test = g_test(x, y, {z});
  EXPECT_EQ(test.degrees, 2 * 1 + 0 * 2 + 1 * 1);
  EXPECT_EQ(test.strata, 3);
  EXPECT_EQ(test.g, 0);
  EXPECT_EQ(g_test(x, Column(x.size(), 4), {}).degrees, 0);
  EXPECT_EQ(g_test(x, Column(x.size(), 4), {}).p_value, 1);
}

// Of 1000 tables of independent columns a test at level alpha rejects a binomial number.  Each
// stratum's cells expect 1200 / (2 * 6) = 100 rows, where chi-square fits G well.
TEST(GTest, FalseAlarmsComeAtTheirRate) {
  constexpr int kRepeats = 1000;
  std::map<double, int> alarms{{0.2, 0}, {0.05, 0}, {0.01, 0}};
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    Philox random(derive_key(6, "alarms", static_cast<std::uint64_t>(repeat)));
    const auto x = random_column(1200, 2, random), y = random_column(1200, 3, random);
    const auto test = g_test(x, y, {random_column(1200, 2, random)});
    ASSERT_GT(test.smallest_expected, 20);
    ASSERT_EQ(test.degrees, 4);
    for (auto& [alpha, count] : alarms) count += test.p_value < alpha;
  }
  for (const auto& [alpha, count] : alarms)
    EXPECT_NEAR(count / 1000.0, alpha, 3.5 * std::sqrt(alpha * (1 - alpha) / kRepeats)) << alpha;
}

TEST(GTest, FindsDependence) {
  Philox random(7);
  const auto x = random_column(500, 2, random), z = random_column(500, 2, random);
  Column y(500);
  for (std::size_t n = 0; n < 500; ++n) y[n] = x[n] ^ z[n];
  EXPECT_GT(g_test(x, y, {}).p_value, 0.001);  // exclusive or: independent of each alone
  const auto test = g_test(x, y, {z});
  EXPECT_LT(test.p_value, 1e-100);
  EXPECT_NEAR(test.mutual_information, std::log(2.0), 0.01);
}

TEST(GTest, WrongColumnsAreRefused) {
  const Column three{0, 1, 0}, two{0, 1}, none;
  EXPECT_EQ(message_of<ShapeError>([&] { g_test(none, none, {}); }), "[gtest] there are no rows");
  EXPECT_EQ(message_of<ShapeError>([&] { g_test(three, two, {}); }),
            "[gtest] all columns need as many rows");
  EXPECT_EQ(message_of<ShapeError>([&] { g_test(three, three, {two}); }),
            "[gtest] all columns need as many rows");
  Column wide(40), each(40);
  for (std::uint16_t n = 0; n < 40; ++n) wide[n] = 1023, each[n] = n;
  EXPECT_EQ(message_of<ConfigError>([&] { g_test(wide, wide, {each}); }),
            "[gtest] the counts need more than 16777216 numbers; condition on fewer or coarser "
            "columns");
}

}  // namespace
}  // namespace kiln
