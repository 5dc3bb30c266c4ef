// needs: base
#include "kiln/core/philox.h"

#include <gtest/gtest.h>

#include <vector>

namespace kiln {
namespace {

TEST(Philox, EqualsTheKnownAnswersOfTheReferenceImplementation) {
  // Random123's kat_vectors: philox4x32-10, counter 0 and key 0; then all ones in the words that
  // Kiln uses.
  const std::array<std::uint32_t, 4> zeros{0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u};
  EXPECT_EQ(Philox::block(0, 0), zeros);
}

TEST(Philox, UniformHasTheMomentsOfTheUniformLaw) {
  Philox rng(derive_key(7, "moments"));
  const int n = 200000;
  double sum = 0, squares = 0;
  for (int i = 0; i < n; ++i) {
    const double u = rng.uniform();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u, squares += u * u;
  }
  EXPECT_NEAR(sum / n, 0.5, 5 * std::sqrt(1.0 / 12 / n));
  EXPECT_NEAR(squares / n, 1.0 / 3, 5 * std::sqrt(4.0 / 45 / n));
}

TEST(Philox, NormalHasTheMomentsOfTheNormalLaw) {
  Philox rng(derive_key(7, "normal"));
  const int n = 200000;
  double sum = 0, squares = 0, fourth = 0;
  for (int i = 0; i < n; ++i) {
    const double z = rng.normal();
    sum += z, squares += z * z, fourth += z * z * z * z;
  }
  EXPECT_NEAR(sum / n, 0.0, 5 * std::sqrt(1.0 / n));
  EXPECT_NEAR(squares / n, 1.0, 5 * std::sqrt(2.0 / n));
  EXPECT_NEAR(fourth / n, 3.0, 5 * std::sqrt(96.0 / n));
}

TEST(Philox, BelowIsUniformByChiSquare) {
  Philox rng(derive_key(7, "below"));
  const int cells = 7, n = 70000;
  std::vector<int> counts(cells);
  for (int i = 0; i < n; ++i) ++counts[rng.below(cells)];
  double chi2 = 0;
  for (const int c : counts) chi2 += (c - n / cells) * (c - n / cells) / double(n / cells);
  EXPECT_LT(chi2, 6 + 5 * std::sqrt(12.0));  // mean 6, variance 12
}

TEST(Philox, PermutedIndexIsAPermutationForEverySize) {
  for (std::uint64_t size = 1; size <= 70; ++size) {
    std::vector<int> seen(size);
    for (std::uint64_t i = 0; i < size; ++i) ++seen.at(permuted_index(i, size, 99));
    for (const int count : seen) EXPECT_EQ(count, 1) << size;
  }
}

TEST(Philox, PermutationsUnderDifferentKeysAgreeAsOftenAsChanceDoes) {
  const std::uint64_t size = 1000;
  int fixed = 0;
  for (std::uint64_t key = 0; key < 200; ++key)
    for (std::uint64_t i = 0; i < size; ++i)
      fixed += permuted_index(i, size, derive_key(key, "p")) == i;
  EXPECT_NEAR(fixed, 200, 5 * std::sqrt(200.0));  // one fixed point on average in each
}

TEST(Philox, NamedKeysDiffer) {
  EXPECT_NE(derive_key(1, "noise"), derive_key(1, "data"));
  EXPECT_NE(derive_key(1, "noise"), derive_key(2, "noise"));
  EXPECT_NE(derive_key(1, "noise", 0), derive_key(1, "noise", 1));
}

}  // namespace
}  // namespace kiln
