// needs: base
#include "kiln/theory/ordering_picture.h"

#include <gtest/gtest.h>

namespace kiln {
namespace {

double jump_of(Ordering kind, const ImageShape& shape) {
  return mean_jump(make_ordering(kind, shape, 1), shape);
}

TEST(OrderingPicture, PathsWithoutJumpsMoveOneCellAStep) {
  EXPECT_EQ(jump_of(Ordering::serpentine, {1, 5, 7}), 1);
  EXPECT_EQ(jump_of(Ordering::spiral, {1, 6, 4}), 1);
  // 4 rows of 3 steps, and 3 returns of 3 columns and a row.
  EXPECT_DOUBLE_EQ(jump_of(Ordering::raster, {1, 4, 4}), (4 * 3 + 3 * 4) / 15.0);
  EXPECT_GT(jump_of(Ordering::random, {1, 8, 8}), 3);
  EXPECT_EQ(jump_of(Ordering::raster, {1, 1, 1}), 0);
  EXPECT_EQ(jump_of(Ordering::serpentine, {3, 5, 7}), 1) << "channels share a cell";
}

TEST(OrderingPicture, DrawsEveryCellOnceAndNumbersSmallOnes) {
  const ImageShape small{1, 3, 4}, large{1, 30, 30};
  const auto count = [](const std::string& svg, const std::string& what) {
    std::size_t found = 0;
    for (auto at = svg.find(what); at != std::string::npos; at = svg.find(what, at + 1)) ++found;
    return found;
  };
  const auto drawn =
      ordering_picture(make_ordering(Ordering::zigzag, small, 1), small, "zigzag, 3 x 4");
  EXPECT_EQ(count(drawn, "stroke-width=\"0.5\""), 12);
  EXPECT_EQ(count(drawn, " L"), 11);
  EXPECT_EQ(count(drawn, ">12</text>"), 1);
  EXPECT_NE(drawn.find("zigzag, 3 x 4"), std::string::npos);
  const auto unnumbered =
      ordering_picture(make_ordering(Ordering::spiral, large, 1), large, "spiral");
  EXPECT_EQ(count(unnumbered, "</text>"), 1) << "the title only";
}

}  // namespace
}  // namespace kiln
