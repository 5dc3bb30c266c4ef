// needs: base
#include "kiln/prob/ordering.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/support/refusal.h"

namespace kiln {
namespace {

using Indices = std::vector<std::int64_t>;

// Distances between successive pixels of an order over one channel.
Indices jumps(const Indices& order, std::int64_t width, bool diagonal_is_one) {
  Indices list;
  for (std::size_t i = 0; i + 1 < order.size(); ++i) {
    const auto down = std::abs(order[i + 1] / width - order[i] / width);
    const auto across = std::abs(order[i + 1] % width - order[i] % width);
    list.push_back(diagonal_is_one ? std::max(down, across) : down + across);
  }
  return list;
}

TEST(Ordering, VisitsEveryNumberOnceForEveryShape) {
  for (const auto& [kind, name] : enum_names(Ordering{})) {
    if (kind == Ordering::file) continue;  // it is a list, not made from a shape
    for (const auto& shape : {ImageShape{1, 1, 1}, ImageShape{1, 1, 9}, ImageShape{1, 7, 1},
                              ImageShape{1, 4, 6}, ImageShape{1, 6, 4}, ImageShape{3, 5, 5}}) {
      auto order = make_ordering(kind, shape, 3);
      std::sort(order.begin(), order.end());
      Indices every(static_cast<std::size_t>(shape.size()));
      std::iota(every.begin(), every.end(), 0);
      EXPECT_EQ(order, every) << name << " " << shape.height << "x" << shape.width;
    }
  }
}

TEST(Ordering, TheInverseUndoesTheOrder) {
  for (const auto& [kind, name] : enum_names(Ordering{})) {
    if (kind == Ordering::file) continue;  // it is a list, not made from a shape
    const auto order = make_ordering(kind, {2, 5, 7}, 11);
    const auto inverse = inverse_ordering(order);
    for (std::size_t i = 0; i < order.size(); ++i)
      EXPECT_EQ(inverse[static_cast<std::size_t>(order[i])], static_cast<std::int64_t>(i)) << name;
  }
}

TEST(Ordering, PathsOfAThreeByFourImageAreThoseDrawnByHand) {
  const ImageShape shape{1, 3, 4};
  EXPECT_EQ(make_ordering(Ordering::raster, shape, 0),
            (Indices{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
  EXPECT_EQ(make_ordering(Ordering::column, shape, 0),
            (Indices{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}));
  EXPECT_EQ(make_ordering(Ordering::serpentine, shape, 0),
            (Indices{0, 1, 2, 3, 7, 6, 5, 4, 8, 9, 10, 11}));
  EXPECT_EQ(make_ordering(Ordering::zigzag, shape, 0),
            (Indices{0, 1, 4, 8, 5, 2, 3, 6, 9, 10, 7, 11}));
  EXPECT_EQ(make_ordering(Ordering::spiral, shape, 0),
            (Indices{0, 1, 2, 3, 7, 11, 10, 9, 8, 4, 5, 6}));
}

TEST(Ordering, ZigzagStartsLikeTheTableOfTheJpegStandard) {
  const auto order = make_ordering(Ordering::zigzag, {1, 8, 8}, 0);
  const Indices start{0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5};
  EXPECT_TRUE(std::equal(start.begin(), start.end(), order.begin()));
  EXPECT_EQ(order.back(), 63);
}

TEST(Ordering, SerpentineAndSpiralStepToTheNextPixelAndRasterJumpsAtEveryLine) {
  for (const auto kind : {Ordering::serpentine, Ordering::spiral})
    for (const auto jump : jumps(make_ordering(kind, {1, 9, 7}, 0), 7, false)) EXPECT_EQ(jump, 1);
  for (const auto jump : jumps(make_ordering(Ordering::zigzag, {1, 9, 7}, 0), 7, true))
    EXPECT_EQ(jump, 1);
  const auto raster = jumps(make_ordering(Ordering::raster, {1, 9, 7}, 0), 7, false);
  // 54 steps of 1 inside the lines, and 8 times 1 down and 6 back.
  EXPECT_EQ(std::accumulate(raster.begin(), raster.end(), std::int64_t{0}), 54 + 8 * 7);
}

TEST(Ordering, ChannelsOfAPixelFollowEachOther) {
  const auto order = make_ordering(Ordering::serpentine, {3, 2, 2}, 0);
  EXPECT_EQ(order, (Indices{0, 4, 8, 1, 5, 9, 3, 7, 11, 2, 6, 10}));
}

TEST(Ordering, ARandomOrderFollowsItsSeedAndIsUniform) {
  const ImageShape shape{1, 4, 5};
  EXPECT_EQ(make_ordering(Ordering::random, shape, 5), make_ordering(Ordering::random, shape, 5));
  EXPECT_NE(make_ordering(Ordering::random, shape, 5), make_ordering(Ordering::random, shape, 6));
  const int seeds = 6000;
  std::vector<int> counts(6);
  for (int seed = 0; seed < seeds; ++seed) {
    const auto order = make_ordering(Ordering::random, {1, 1, 3}, static_cast<std::uint64_t>(seed));
    ++counts[static_cast<std::size_t>(2 * order[0] + (order[1] > order[2] ? 1 : 0))];
  }
  double chi2 = 0;
  for (const int count : counts) chi2 += std::pow(count - seeds / 6, 2) / (seeds / 6.0);
  EXPECT_LT(chi2, 5 + 5 * std::sqrt(10.0));  // five degrees of freedom: mean 5, variance 10
}

TEST(Ordering, AListIsReadAcrossSpacesCommasAndLines) {
  EXPECT_EQ(parse_ordering("list", " 3, 1\n0\t2\r\n", 4), (Indices{3, 1, 0, 2}));
  EXPECT_EQ(parse_ordering("list", "0", 1), (Indices{0}));
}

TEST(Ordering, AListThatIsNoPermutationIsRefusedByItsFirstWrongEntry) {
  const auto refused = [](const char* list) {
    return message_of([&] { parse_ordering("list", list, 3); });
  };
  EXPECT_EQ(refused("0 1 3"), "[list] entry 3, '3', is no index from 0 to 2");
  EXPECT_EQ(refused("0 -1 2"), "[list] entry 2, '-1', is no index from 0 to 2");
  EXPECT_EQ(refused("0 1.5 2"), "[list] entry 2, '1.5', is no index from 0 to 2");
  EXPECT_EQ(refused("0 99999999999999999999 2"),
            "[list] entry 2, '99999999999999999999', is no index from 0 to 2");
  EXPECT_EQ(refused("2 0 2 1"), "[list] entry 3, '2', stands there for the second time");
  EXPECT_EQ(refused("2 0"), "[list] must list each of the 3 numbers of x once, got 2");
  EXPECT_EQ(refused(""), "[list] must list each of the 3 numbers of x once, got 0");
  EXPECT_EQ(message_of([] {
              make_ordering(Ordering::file, {1, 1, 3}, 0);
            }),
            "[ordering] file needs its list of steps, one index for each number");
}

}  // namespace
}  // namespace kiln
