// needs: base
#include "kiln/graphical/factor.h"

#include <gtest/gtest.h>

#include "tests/support/refusal.h"

namespace kiln {
namespace {

const Factor kF{{7, 3}, {2, 3}, {1, 2, 3, 4, 5, 6}};  // f(x7, x3)
const Factor kG{{3, 5}, {3, 2}, {1, 10, 2, 20, 3, 30}};

TEST(Factor, ProductMultipliesMatchingEntries) {
  const auto both = product(kF, kG);
  EXPECT_EQ(both.variables, (std::vector<std::size_t>{7, 3, 5}));
  EXPECT_EQ(both.sizes, (std::vector<std::size_t>{2, 3, 2}));
  EXPECT_EQ(both.values, (std::vector<double>{1, 10, 4, 40, 9, 90, 4, 40, 10, 100, 18, 180}));
}

TEST(Factor, AFactorWithoutVariablesIsANumber) {
  EXPECT_EQ(product(Factor{{}, {}, {2}}, kF).values, (std::vector<double>{2, 4, 6, 8, 10, 12}));
  EXPECT_EQ(product(Factor{}, Factor{}).values, (std::vector<double>{1}));
}

TEST(Factor, SumOutAddsOverOneVariable) {
  EXPECT_EQ(sum_out(kF, 7).values, (std::vector<double>{5, 7, 9}));
  EXPECT_EQ(sum_out(kF, 3).values, (std::vector<double>{6, 15}));
  EXPECT_EQ(sum_out(sum_out(kF, 3), 7).values, (std::vector<double>{21}));
}

TEST(Factor, ReduceKeepsOneState) {
  EXPECT_EQ(reduce(kF, 7, 1).values, (std::vector<double>{4, 5, 6}));
  EXPECT_EQ(reduce(kF, 3, 2).values, (std::vector<double>{3, 6}));
  EXPECT_EQ(reduce(kF, 3, 2).variables, (std::vector<std::size_t>{7}));
}

TEST(Factor, ReorderedIsTheSameFunction) {
  const auto turned = reordered(kF, {3, 7});
  EXPECT_EQ(turned.sizes, (std::vector<std::size_t>{3, 2}));
  EXPECT_EQ(turned.values, (std::vector<double>{1, 4, 2, 5, 3, 6}));
}

TEST(Factor, TheSizeOfATableDoesNotWrapAround) {
  const std::vector<std::size_t> huge(9, 1 << 8);  // 2^72
  EXPECT_FALSE(table_size(huge, ~std::uint64_t{0}));
  EXPECT_EQ(table_size(std::vector<std::size_t>{4, 4}, 16), 16u);
  EXPECT_FALSE(table_size(std::vector<std::size_t>{4, 4}, 15));
}

TEST(Factor, AProductTooLargeForMemoryIsRefused) {
  const std::vector<double> zeros(1 << 13);
  const Factor f{{1}, {1 << 13}, zeros}, g{{2}, {1 << 13}, zeros};
  EXPECT_EQ(message_of([&] { product(f, g); }),
            "[factor] a product over 2 variables has more than 16777216 numbers");
}

}  // namespace
}  // namespace kiln
