// needs: base
#include "kiln/prob/table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "kiln/core/error.h"
#include "tests/prob/small_laws.h"
#include "tests/support/temporary_folder.h"

namespace kiln {
namespace {

using Variables = std::vector<std::int64_t>;

TEST(Table, FittedCountsAreTheFrequencies) {
  const std::vector<std::int64_t> counts{3, 0, 1, 0};
  const auto ml = fit_table(2, 2, counts, 0);
  EXPECT_EQ(ml.p, (std::vector<double>{0.75, 0, 0.25, 0}));
  const auto smooth = fit_table(2, 2, counts, 0.25);
  EXPECT_EQ(smooth.p, (std::vector<double>{0.65, 0.05, 0.25, 0.05}));
  const std::vector<std::int64_t> nothing(4, 0);
  EXPECT_EQ(fit_table(2, 2, nothing, 0).p, (std::vector<double>{0.25, 0.25, 0.25, 0.25}));
}

TEST(Table, TheFirstVariableIsTheSlowest) {
  const std::vector<float> x{1, 0, 2};
  EXPECT_EQ(table_index(3, x), 1 * 9 + 0 * 3 + 2);
}

TEST(Table, MarginalsAreSumsInTheOrderAskedFor) {
  const auto table = random_table(4, 3, 1);
  const Variables variables{3, 1};
  const auto part = marginal(table, variables);
  ASSERT_EQ(part.p.size(), 9u);
  std::vector<double> expected(9, 0.0);
  every_item(4, 3, [&](std::size_t at, const std::vector<float>& x) {
    expected[static_cast<std::size_t>(3 * x[3] + x[1])] += table.p[at];
  });
  for (std::size_t i = 0; i < 9; ++i) EXPECT_NEAR(part.p[i], expected[i], 1e-15);
  EXPECT_NEAR(marginal(table, {}).p.at(0), 1, 1e-14);
}

TEST(Table, EntropyAndDivergenceOfCoins) {
  EXPECT_NEAR(entropy(std::vector<double>{0.5, 0.5}), std::log(2), 1e-15);
  EXPECT_EQ(entropy(std::vector<double>{1, 0}), 0);
  const std::vector<double> p{0.75, 0.25}, r{0.5, 0.5}, never{1, 0};
  EXPECT_NEAR(kl_divergence(p, r), 0.75 * std::log(1.5) + 0.25 * std::log(0.5), 1e-15);
  EXPECT_EQ(kl_divergence(p, p), 0);
  EXPECT_TRUE(std::isinf(kl_divergence(p, never)));
  EXPECT_NEAR(kl_divergence(never, r), std::log(2), 1e-15);
  EXPECT_EQ(message_of<ShapeError>([&] { kl_divergence(p, std::vector<double>(3)); }),
            "[kl_divergence] laws must be over as many values, got 2 and 3");
}

TEST(Table, TotalCorrelationIsTheDivergenceFromTheProductOfMarginals) {
  const auto table = random_table(4, 3, 2);
  std::vector<double> product;
  std::vector<Table> single;
  for (std::int64_t i = 0; i < 4; ++i) single.push_back(marginal(table, Variables{i}));
  every_item(4, 3, [&](std::size_t, const std::vector<float>& x) {
    double p = 1;
    for (std::size_t i = 0; i < 4; ++i) p *= single[i].p[static_cast<std::size_t>(x[i])];
    product.push_back(p);
  });
  EXPECT_NEAR(total_correlation(table), kl_divergence(table.p, product), 1e-12);
  EXPECT_GT(total_correlation(table), 0.001);
}

TEST(Table, InformationOfAnExclusiveOrAppearsOnlyTogether) {
  // x2 = x0 xor x1 of fair coins: pairwise independent, one bit jointly.
  Table table{.n = 3, .states = 2, .p = {0.25, 0, 0, 0.25, 0, 0.25, 0.25, 0}};
  EXPECT_NEAR(mutual_information(table, Variables{0}, Variables{1}, {}), 0, 1e-15);
  EXPECT_NEAR(mutual_information(table, Variables{0}, Variables{1}, Variables{2}), std::log(2),
              1e-15);
}

TEST(Table, TheChainRuleGivesEveryEntryInEveryOrder) {
  for (std::int64_t n = 1; n <= 5; ++n) {
    const auto table = random_table(n, 2, 3);
    Variables order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), 0);
    do {
      const auto visited = marginal(table, order);
      const auto chain = MarkovChain::of_table(visited);
      every_item(n, 2, [&](std::size_t at, const std::vector<float>& x) {
        std::vector<float> seen;
        for (const auto i : order) seen.push_back(x[static_cast<std::size_t>(i)]);
        ASSERT_NEAR(std::exp(chain.log_prob(seen)), table.p[at], 1e-12);
      });
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST(Table, TemperatureSharpensAndFlattens) {
  const Table table{.n = 1, .states = 3, .p = {0.5, 0.5 / 3, 1.0 / 3}};
  const auto square = tempered(table, 0.5);
  const double total = 0.25 + 0.25 / 9 + 1.0 / 9;
  EXPECT_NEAR(square.p[0], 0.25 / total, 1e-15);
  EXPECT_NEAR(square.p[1], 0.25 / 9 / total, 1e-15);
  EXPECT_EQ(tempered(table, 0).p, (std::vector<double>{1, 0, 0}));
}

TEST(Table, TooLargeATableIsRefusedWithItsCost) {
  EXPECT_NO_THROW(check_table_size("joint", 24, 2));
  EXPECT_NO_THROW(check_table_size("joint", 3, 256));
  EXPECT_EQ(message_of<ConfigError>([] { check_table_size("joint", 25, 2); }),
            "[joint] a table of 25 variables of 2 states has 33554431 parameters and needs "
            "268435456 bytes; at most 16777216 entries are kept (n log2 q <= 24). Use fewer "
            "variables or states, or a model that factorises: independent, markov");
  const auto huge = message_of<ConfigError>([] { check_table_size("joint", 784, 2); });
  EXPECT_NE(huge.find("has 1.02e236 parameters and needs 8.14e236 bytes"), std::string::npos)
      << huge;
}

}  // namespace
}  // namespace kiln
