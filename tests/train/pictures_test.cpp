#include "kiln/train/pictures.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace kiln {
namespace {

TEST(Pictures, StatesAreEvenlySpacedGreys) {
  const auto x = torch::tensor({0.0f, 1.0f, 2.0f, 3.0f}).reshape({1, 1, 1, 4});
  const auto pictures = pictures_of(x, {Values::states, 4});
  ASSERT_EQ(pictures.size(), 1u);
  EXPECT_EQ(pictures[0].pixels, (std::vector<std::uint8_t>{0, 85, 170, 255}));
}

TEST(Pictures, UnitAndSignedUnitSpanBlackToWhite) {
  const auto x = torch::tensor({0.0f, 1.0f}).reshape({1, 1, 1, 2});
  EXPECT_EQ(pictures_of(x, Values::unit)[0].pixels, (std::vector<std::uint8_t>{0, 255}));
  EXPECT_EQ(pictures_of(2 * x - 1, Values::signed_unit)[0].pixels,
            (std::vector<std::uint8_t>{0, 255}));
}

TEST(Pictures, AnItemMadeOfAPictureIsThatPicture) {
  const auto x = torch::arange(2 * 4 * 3).reshape({1, 3, 2, 4}).to(torch::kFloat32) / 255;
  EXPECT_TRUE(torch::equal(unit_item(pictures_of(x, Values::unit)[0]), x));
}

}  // namespace
}  // namespace kiln
