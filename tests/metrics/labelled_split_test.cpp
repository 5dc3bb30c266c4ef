#include "kiln/metrics/labelled_split.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/support/refusal.h"

namespace kiln {
namespace {

// 3 classes of 60, 30 and 10 items, in turn as long as there are some.
Tensor uneven_labels() {
  std::vector<std::int64_t> y;
  for (std::int64_t i = 0; i < 60; ++i)
    for (std::int64_t c = 0; c < 3; ++c)
      if (i < (c == 0 ? 60 : c == 1 ? 30 : 10)) y.push_back(c);
  return torch::tensor(y);
}

LabelledSplit drawn(std::int64_t count, std::uint64_t seed) {
  Rng rng(seed, "labels");
  return draw_labelled(uneven_labels(), 3, count, rng);
}

std::map<std::int64_t, int> counts(const std::vector<std::int64_t>& items) {
  std::map<std::int64_t, int> classes;
  const auto y = uneven_labels();
  for (const auto item : items) ++classes[y[item].item<std::int64_t>()];
  return classes;
}

TEST(LabelledSplit, GivesEveryClassAsManyAndKeepsAFifthApart) {
  const auto split = drawn(30, 1);
  EXPECT_EQ(counts(split.fit), (std::map<std::int64_t, int>{{0, 8}, {1, 8}, {2, 8}}));
  EXPECT_EQ(counts(split.held_out), (std::map<std::int64_t, int>{{0, 2}, {1, 2}, {2, 2}}));
  const auto all = split.all();
  EXPECT_EQ(std::set<std::int64_t>(all.begin(), all.end()).size(), 30u);  // no item twice
}

TEST(LabelledSplit, ARemainderGoesToTheFirstClassesAndFewLabelsKeepOneApart) {
  EXPECT_EQ(counts(drawn(11, 1).all()), (std::map<std::int64_t, int>{{0, 4}, {1, 4}, {2, 3}}));
  EXPECT_EQ(counts(drawn(6, 1).held_out), (std::map<std::int64_t, int>{{0, 1}, {1, 1}, {2, 1}}));
}

TEST(LabelledSplit, DependsOnTheSeedAlone) {
  EXPECT_EQ(drawn(12, 1).all(), drawn(12, 1).all());
  EXPECT_NE(drawn(12, 1).all(), drawn(12, 2).all());
}

// Each of the 60 items of class 0 is among 4 with probability 4/60; over 600 draws 40 +- 6.1.
TEST(LabelledSplit, EveryItemOfAClassIsAsLikely) {
  std::map<std::int64_t, int> times;
  for (std::uint64_t seed = 0; seed < 600; ++seed)
    for (const auto item : drawn(12, seed).all()) ++times[item];
  const auto y = uneven_labels();
  for (std::int64_t item = 0; item < y.numel(); ++item)
    if (y[item].item<std::int64_t>() == 0) {
      EXPECT_NEAR(times[item], 40, 5 * 6.1) << item;
    }
}

TEST(LabelledSplit, RefusesWhatCannotBeBalanced) {
  EXPECT_EQ(message_of<ConfigError>([] { drawn(5, 1); }),
            "[labels] 5 labels are too few: 3 classes need at least 6, one of each to fit and one "
            "to choose by");
  EXPECT_EQ(message_of<ConfigError>([] { drawn(33, 1); }),
            "[labels] 33 labels need 11 items of class 2, and there are 10; ask for fewer");
  Rng rng(1);
  EXPECT_EQ(message_of<ConfigError>([&] {
              draw_labelled(torch::tensor({0, 7}), 2, 4, rng);
            }),
            "[labels] item 1 has label 7, not one of 2 classes");
  EXPECT_EQ(message_of<ConfigError>([&] {
              draw_labelled(torch::tensor({0, 0}), 1, 4, rng);
            }),
            "[labels] the data have no classes to tell apart");
}

}  // namespace
}  // namespace kiln
